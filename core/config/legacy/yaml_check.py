"""A gateway's YAML held against what each member has to be, and what they are together. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.config.legacy.decisions import nearest
from core.config.legacy.finding import Found, fail, good, unknown, warn
from core.config.legacy.hiding import is_secret
from core.config.legacy.keys import BY_PATH, Fate
from core.config.legacy.values import Kind, parse_value
from core.config.legacy.yaml_members import Leaf, leaves
from core.display import safe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from core.config.legacy.context import Pair

_BESIDE: Final = {
    "iam.type": Kind.WORD,
    "server.listen": Kind.ADDRESSES,
    "server.admin.listen": Kind.ADDRESSES,
    "server.tls.enabled": Kind.BOOL,
    "server.admin.tls.enabled": Kind.BOOL,
}
_MEMBERS: Final = {
    **{path: key.kind for path, key in BY_PATH.items() if key.fate in (Fate.CARRIED, Fate.NEW)},
    "backend.type": Kind.WORD,
    **_BESIDE,
}
_REQUIRED: Final = (
    *("backend.type", "iam.type", "iam.admin_user", "iam.admin_secret_ref"),
    *("backend.ipfs.cluster_endpoints", "backend.ipfs.metadata_db.endpoints"),
)
_STORES: Final = ("internal", "single", "ldap", "vault", "s3", "ipa")
_TLS: Final = ("server.tls", "server.admin.tls", "webui", "website")
_REFERENCE: Final = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)|file:(/\S+)|aws:\S+")


def check_yaml(
    tree: Mapping[str, object], variables: frozenset[str] | None, pair: Pair
) -> list[Found]:
    """Return what is wrong with a YAML; one that is fine has passes alone.

    variables: of the env file beside it, None if there is none. pair: looks at certificates.
    """
    members = {leaf.path: leaf for leaf in leaves(tree)}
    found = [one for leaf in members.values() for one in _member(leaf, variables)]
    for rule in _RULES:
        found.extend(rule(members))
    found.extend(_certificates(members, pair))
    sections = {path.partition(".")[0] for path in members}
    wrong = {one.path.partition(".")[0] for one in found}
    for section in sorted(sections - wrong):
        count = sum(path.partition(".")[0] == section for path in members)
        found.append(good(section, f"{count} members"))
    return found


def _member(leaf: Leaf, variables: frozenset[str] | None) -> Iterator[Found]:
    path = safe(leaf.path)
    if leaf.path == "iam.admin_password_hash":
        yield fail(path, "a hash can not sign: SigV4 needs the secret", _BY_REFERENCE)
    elif leaf.path.startswith("legacy."):
        if is_secret(leaf.path, leaf.text):
            yield fail(path, "a secret stands in the YAML", _BY_REFERENCE)
        elif not leaf.path.endswith("_ref"):
            yield warn(path, "no gateway reads it", "Remove it once it is explained.")
    elif leaf.path.endswith("_ref"):
        yield from _reference(leaf, variables)
    elif leaf.path not in _MEMBERS:
        near = nearest(leaf.path, _MEMBERS)
        yield fail(path, "no such member", f"Did you mean {near}?" if near else "Remove it.")
    elif is_secret(leaf.path, leaf.text):
        yield fail(path, "a secret stands in the YAML", _BY_REFERENCE)
    elif fault := _fault(leaf):
        yield fail(path, fault, "Correct that value.")


_BY_REFERENCE: Final = "Write NAME_ref: env:VARIABLE, the secret into the env file, mode 0600."


def _fault(leaf: Leaf) -> str:
    kind = _MEMBERS[leaf.path]
    if kind in (Kind.BOOL, Kind.INVERTED):
        return "" if isinstance(leaf.value, bool) else "no boolean: write true or false"
    if kind is Kind.INT:
        whole = isinstance(leaf.value, int) and not isinstance(leaf.value, bool)
        return "" if whole and int(leaf.text) >= 0 else "no whole number, 0 or more"
    if kind is Kind.PATH:
        return "" if leaf.text[:1] == "/" else "no absolute path"
    kind = Kind.DURATION if kind is Kind.SECONDS else kind
    return parse_value(kind, leaf.text).fault


def _reference(leaf: Leaf, variables: frozenset[str] | None) -> Iterator[Found]:
    path = safe(leaf.path)
    match = _REFERENCE.fullmatch(leaf.text)
    if match is None:
        # it may be the secret itself: not shown
        yield fail(path, "this is no reference", "Write env:NAME, file:/PATH or aws:PROFILE.")
    elif not match[1]:
        return
    elif variables is None:
        yield unknown(path, f"no env file to find {match[1]} in", "Name it with --env.")
    elif match[1] not in variables:
        yield fail(path, f"the env file has no {match[1]}", "Add it there.")


def _required(members: Mapping[str, Leaf]) -> Iterator[Found]:
    for path in _REQUIRED:
        if path not in members or members[path].value in (None, "", []):
            yield fail(path, "missing", "vgwm config convert writes it.")


def _types(members: Mapping[str, Leaf]) -> Iterator[Found]:
    backend = members.get("backend.type")
    if backend is not None and backend.value != "ipfs":
        yield fail("backend.type", f"{safe(backend.text)} is not ipfs", "Write ipfs.")
    store = members.get("iam.type")
    if store is not None and store.value not in _STORES:
        yield fail("iam.type", f"no store {safe(store.text)}", f"Write {', '.join(_STORES)}.")
    elif store is not None and store.value == "internal" and "iam.dir" not in members:
        yield fail("iam.dir", "missing: the internal store is a folder", "Name it.")


def _copies(members: Mapping[str, Leaf]) -> Iterator[Found]:
    low = members.get("backend.ipfs.replication_min")
    high = members.get("backend.ipfs.replication_max")
    peers = members.get("backend.ipfs.cluster_endpoints")
    least = low.value if low and isinstance(low.value, int) else 2
    most = high.value if high and isinstance(high.value, int) else 3
    if least > most:
        yield fail("backend.ipfs.replication_min", f"{least} is more than {most}", "Lower it.")
    if least < 1:
        yield fail("backend.ipfs.replication_min", "less than one copy", "Write 1 or more.")
    count = len(peers.value) if peers and isinstance(peers.value, list) else None
    if count is not None and most > count:
        yield fail("backend.ipfs.replication_max", f"{most} copies, {count} peers", "Lower it.")


def _certificates(members: Mapping[str, Leaf], pair: Pair) -> Iterator[Found]:
    for section in _TLS:
        cert, key = members.get(f"{section}.cert_file"), members.get(f"{section}.key_file")
        if (cert is None) != (key is None):
            there = f"{section}.{'key_file' if cert is None else 'cert_file'}"
            yield fail(there, "certificate and key: both or none", "Name the other, too.")
        elif cert is not None and key is not None:
            fault = pair(cert.text, key.text)
            if fault:
                yield fail(f"{section}.cert_file", fault, "Name a pair that fits.")


_RULES: Final[tuple[Callable[[Mapping[str, Leaf]], Iterator[Found]], ...]] = (
    _required,
    _types,
    _copies,
)
