"""A conversion and an account file to draw: the guide's third example, and a few people."""

from __future__ import annotations

from core.control.wire import config, iam


def row(state: str, key: str, **fields: object) -> config.ConfigRow:
    shown: dict[str, object] = {"id": key, "state": state, "key": key}
    return config.ConfigRow(**{**shown, **fields})  # type: ignore[arg-type]  # of the test's choice


ROWS = [
    row(
        "derived",
        "VGW_BACKEND_ARG",
        value="/srv/s3 data",
        path="source.path",
        new_value="/srv/s3 data",
        rule="to vgwm.yaml: reads the old side",
        line=2,
    ),
    row(
        "unknown",
        "VGW_PROT",
        value=":9",
        path="legacy.unknown.VGW_PROT",
        new_value=":9",
        rule="kept as it is",
        near="VGW_PORT",
        line=4,
        acts=("accept", "drop"),
    ),
    row(
        "same", "VGW_PORT", value=":8443", path="server.address", new_value=":8443", rule="carried"
    ),
    row(
        "problem",
        "VGW_CERT",
        value="tls/gw.crt",
        path="server.tls.cert_file",
        new_value="/srv/s3 data/tls/gw.crt",
        rule="carried",
        reason="no VGW_KEY; relative: /srv/s3 data/tls/gw.crt",
        line=6,
        acts=("drop", "edit"),
    ),
    row(
        "renamed",
        "ROOT_SECRET_ACCESS_KEY",
        value="[secret 3f9a]",
        path="iam.admin_secret_ref",
        new_value="env:ROOT_SECRET_ACCESS_KEY",
        rule="by reference",
        secret=True,
    ),
    config.ConfigRow(id="", state="new", path="cache.ttl", new_value="30m", rule="default"),
]
OLD = config.ConfigText(
    kind="old",
    path="/etc/versitygw.d/gw.conf",
    lines=['VGW_BACKEND_ARG="/srv/s3 data"', "VGW_PROT=:9", "VGW_PORT=:8443"],
)
FILES = [
    config.ConfigText(
        kind="yaml",
        path="/etc/vgw/gateway.yaml",
        lines=["server:", "  address: :8443", "iam:", "  admin_user: root1"],
        exists=True,
        mode="0644",
    ),
    config.ConfigText(
        kind="env",
        path="/etc/vgw/gateway.env",
        lines=["VGW_PORT=:8443", "ROOT_SECRET_ACCESS_KEY=[secret 3f9a]"],
        mode="0600",
    ),
]
TRIP = [
    config.ConfigProof(name="env file", state="pass", evidence="21 keys read back, 5 as before"),
    config.ConfigProof(name="second conversion", state="fail", evidence="line 4 differs"),
]


def diff(**fields: object) -> config.ConfigDiff:
    shown: dict[str, object] = {
        "form": "env",
        "old": OLD,
        "rows": ROWS,
        "counts": {"derived": 1, "unknown": 1, "same": 1, "problem": 1, "renamed": 1, "new": 1},
        "files": FILES,
        "round_trip": TRIP,
        "writable": False,
        "hash": "7c1e09aa",
        "command": "vgwm config convert gw.conf /etc/vgw/gateway.yaml --confirm 7c1e09aa",
    }
    return config.ConfigDiff(**{**shown, **fields})  # type: ignore[arg-type]  # of the test's choice


CLEAN = diff(
    rows=[one for one in ROWS if one.state != "problem"],
    counts={"derived": 1, "unknown": 1, "same": 1, "renamed": 1, "new": 1},
    writable=True,
)


def account(access: str, level: str = "ok", **fields: object) -> iam.IamAccount:
    shown: dict[str, object] = {
        "access": access,
        "role": "user",
        "user_id": 1001,
        "group_id": 1001,
        "project_id": 0,
        "secret": "[secret 3f9a]",
        "level": level,
    }
    return iam.IamAccount(**{**shown, **fields})  # type: ignore[arg-type]  # of the test's choice


def finding(level: str, rule: str, access: str, evidence: str) -> iam.IamFinding:
    remedy = f"Mend {rule}, then read again."
    return iam.IamFinding(level=level, rule=rule, access=access, evidence=evidence, remedy=remedy)


SAME = finding("warn", "same-secret", "AKAPP1", "same secret as AKAPP2")
ACCOUNTS = (
    account(
        "AKTEST",
        "high",
        role="admin",
        user_id=0,
        secret="[secret 77c0]",  # noqa: S106 - a mark, not a secret
        findings=(finding("high", "default-credential", "AKTEST", "a default credential"),),
    ),
    account("AKAPP1", "warn", findings=(SAME, SAME)),
    account("AKBLUE1", role="userplus", user_id=None),
)


def report(**fields: object) -> iam.IamReport:
    shown: dict[str, object] = {
        "act": "audit",
        "kind": "users.json",
        "source": "/data/iam",
        "count": 3,
        "by_role": {"admin": 1, "user": 1, "userplus": 1},
        "accounts": ACCOUNTS,
        "findings": (finding("high", "many-admins", "", "4 of 5 accounts are admins"),),
        "highs": 2,
        "warns": 2,
    }
    return iam.IamReport(**{**shown, **fields})  # type: ignore[arg-type]  # of the test's choice


PROVED = report(
    act="convert",
    target="/new/iam/users.json",
    state="planned",
    proof=iam.IamProof(old=3, new=3, equal=3, holds=True),
)
