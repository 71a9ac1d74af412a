"""The wire types of `vgwm iam`: what `--json` prints and what the IAM screen reads.

No secret is in them: `secret` is a mark such as `[secret 3f9a]`, by which equal secrets look equal.
Texts from outside are safe to show.
"""

from __future__ import annotations

from core.control.wire import state as wire


class IamFinding(wire.Wire, frozen=True, kw_only=True):
    """Something about an account, or about the whole store if access is empty.

    level: fail (`check`), high (`audit`) or warn. rule: its name, such as `default-credential`.
    """

    level: str
    rule: str
    access: str
    evidence: str
    remedy: str


class IamAccount(wire.Wire, frozen=True, kw_only=True):
    """An account. state: equal, missing, differs, extra, or `-` where there is no other side.

    level: the worst of its findings: fail, high, warn or ok. An id is None where it is no number;
    project is None in stores of gateways before 1.0.19.
    """

    access: str
    role: str
    user_id: int | None
    group_id: int | None
    project_id: int | None
    secret: str
    state: str = "-"
    level: str = "ok"
    findings: tuple[IamFinding, ...] = ()


class IamProof(wire.Wire, frozen=True, kw_only=True):
    """Accounts of both sides compared by number and by one HMAC for each. holds: all are equal.

    old, new: how many there are. The key of the HMACs is made for one comparison, and forgotten.
    """

    old: int
    new: int
    equal: int
    missing: int = 0
    differs: int = 0
    extra: int = 0
    holds: bool = False


class IamReport(wire.Wire, frozen=True, kw_only=True):
    """The result of `iam convert`, `iam check` and `iam audit`.

    kind: users.json, iam.json or gateway (its admin API). source: where that is. accounts: in the
    order of their access keys. findings: those of the whole store; each account has its own too.
    fails, highs, warns: how many findings there are in all, of each level.

    Of `convert` only: target (the new users.json), state: planned (a dry run), written, unchanged,
    or refused (it has fails: nothing was written); proof; backup: where the former file is kept.
    """

    act: str  # convert, check, audit
    kind: str
    source: str
    count: int
    by_role: dict[str, int]
    accounts: tuple[IamAccount, ...] = ()
    findings: tuple[IamFinding, ...] = ()
    fails: int = 0
    highs: int = 0
    warns: int = 0
    target: str = ""
    state: str = ""
    proof: IamProof | None = None
    backup: str = ""
    command: str = ""  # the command that does this again
    at_ns: int = 0
