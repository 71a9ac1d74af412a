"""The new files of a conversion: the guide's YAML and the env file beside it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from core.config.legacy.environment import write_environment
from core.config.legacy.keys import ALL_KEYS
from core.config.legacy.row import State
from core.config.yaml_text import write_mapping

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.config.legacy.row import Row
    from core.config.legacy.values import Value

Tree = dict[str, object]

_FIRST: Final = {"server.address": -1, "iam.type": -1}
_ORDER: Final = {key.path: place for place, key in enumerate(ALL_KEYS)}
_TLS: Final = ("server.tls", "server.admin.tls")
_LISTEN: Final = ("server.address", "server.admin.address")


class Member(NamedTuple):
    """A member of the YAML by its path."""

    path: str
    value: Value


def yaml_text(rows: Iterable[Row]) -> str:
    """Return the guide's YAML of a conversion. Secrets stand in it as references."""
    tree: Tree = {}
    for member in _members(rows):
        _put(tree, member)
    return write_mapping(tree)


def env_text(rows: Iterable[Row]) -> str:
    """Return the env file: old names that are still effective, new ones, unknown ones last."""
    return write_environment(env_pairs(rows))


def env_pairs(rows: Iterable[Row]) -> list[tuple[str, str]]:
    """Return the lines of the env file, in its order."""
    lines = [row for row in rows if row.env_name]
    lines.sort(key=lambda row: (_unknown(row), row.state is State.NEW and not row.name))
    return [(row.env_name, row.env_value) for row in lines]


def _members(rows: Iterable[Row]) -> list[Member]:
    known, unknown = [], []
    for row in rows:
        if row.value is None or not row.path or row.path.startswith("source."):
            continue
        if _unknown(row):
            unknown.append(_unknown_member(row))
        elif row.secret:
            known.append(Member(row.place, f"env:{row.env_name}"))
        else:
            known.extend(_spread(row.path, row.value))
    known.sort(key=lambda member: _rank(member.path))
    return known + unknown


def _spread(path: str, value: Value) -> list[Member]:
    """Return the members that one key fills: the first address and all, TLS and that it is on."""
    if path in _LISTEN and isinstance(value, list):
        return [Member(path, value[0]), Member(path.replace("address", "listen"), value)]
    if path.endswith(".tls.cert_file"):
        return [Member(path.replace("cert_file", "enabled"), value=True), Member(path, value)]
    return [Member(path, value)]


def _rank(path: str) -> tuple[int, int, int]:
    """Return where a member stands: sections in the guide's order, types before the rest."""
    section = path.partition(".")[0]
    plain = (
        path.removesuffix("_ref").replace(".listen", ".address").replace(".enabled", ".cert_file")
    )
    sections = ("server", "backend", "iam", "logging", "events", "metrics", "webui", "website")
    place = _FIRST.get(path, _ORDER.get(path, _ORDER.get(plain, len(_ORDER))))
    return (sections.index(section) if section in sections else len(sections), place, len(path))


def _unknown(row: Row) -> bool:
    return row.path.startswith("legacy.unknown.")


def _unknown_member(row: Row) -> Member:
    if row.secret:
        return Member(row.place, f"env:{row.env_name}")
    return Member(row.path, row.old)


def _put(tree: Tree, member: Member) -> None:
    head = "legacy.unknown."
    names = (
        ["legacy", "unknown", member.path.removeprefix(head)]
        if member.path.startswith(head)
        else member.path.split(".")
    )
    here = tree
    for name in names[:-1]:
        inner = here.setdefault(name, {})
        if not isinstance(inner, dict):  # two members of one name: the longer one wins
            inner = here[name] = {}
        here = inner
    here[names[-1]] = member.value
