"""YAML as we take it: 1.2's booleans and numbers, no duplicate keys, no dates.

PyYAML speaks 1.1, where `off` is false, `0755` octal, `1:30` ninety and the last of two equal keys
wins silently.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from core.display import safe
from core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Hashable

_PLAIN = {
    "tag:yaml.org,2002:null": (re.compile(r"~|null|Null|NULL|"), ["~", "n", "N", ""]),
    "tag:yaml.org,2002:bool": (re.compile(r"true|True|TRUE|false|False|FALSE"), list("tTfF")),
    "tag:yaml.org,2002:int": (re.compile(r"[-+]?(?:0|[1-9][0-9]*)"), list("-+0123456789")),
    "tag:yaml.org,2002:float": (
        re.compile(r"[-+]?(?:0|[1-9][0-9]*)\.[0-9]+"),
        list("-+0123456789"),
    ),
}

_DEEPEST = 100
_MOST_NODES = 1_000_000


class _Loader(yaml.SafeLoader):
    """Refuses duplicate keys, resolves plain words as YAML 1.2 does."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's name and type

    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> str:
        # JSON writes a character above U+FFFF as two escapes, which PyYAML leaves apart
        text = str(super().construct_scalar(node))
        try:
            return text.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            raise yaml.constructor.ConstructorError(
                problem="half a surrogate pair", problem_mark=node.start_mark
            ) from None

    def construct_mapping(
        self,
        node: yaml.MappingNode,
        deep: bool = False,  # noqa: FBT001, FBT002 - PyYAML's signature
    ) -> dict[Hashable, object]:
        seen: set[str] = set()
        for key, _ in node.value:
            name = str(key.value)
            if name in seen:
                raise yaml.constructor.ConstructorError(
                    problem=f"the key {name} stands there twice", problem_mark=key.start_mark
                )
            seen.add(name)
        return super().construct_mapping(node, deep=deep)


for _tag, (_regexp, _first) in _PLAIN.items():
    _Loader.add_implicit_resolver(_tag, re.compile(rf"^(?:{_regexp.pattern})$"), _first)


class _Dumper(yaml.SafeDumper):
    """Quotes what is not printable: PyYAML writes a bare U+0085 and folds it on reading."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True


def _quoted(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None if text.isprintable() else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _quoted)


def read_mapping(text: str, *, where: str) -> dict[str, object]:
    """Return the mapping of a YAML text; BadInput names the line that is wrong.

    where: safe to show.
    """
    try:
        value = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader by inheritance
    except yaml.YAMLError as e:
        mark = getattr(e, "problem_mark", None)
        line = "" if mark is None else f", line {mark.line + 1}"
        problem = str(getattr(e, "problem", None) or "it is no YAML text")
        raise BadInput(
            what=f"malformed YAML: {safe(problem)}", where=where + line, remedy="Correct that line."
        ) from None  # the exception quotes the text
    except RecursionError:
        raise _too_deep(where) from None
    _check_bounds(value, where)
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise BadInput(
            what="no mapping of names to values", where=where, remedy="Write lines of KEY: VALUE."
        )
    return value


def _check_bounds(value: object, where: str) -> None:
    """Refuse what aliases unfold without end, or to more than anybody wrote."""
    left, nodes = [(value, 0)], 0
    while left:
        node, depth = left.pop()
        inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        nodes += len(inner)
        if depth > _DEEPEST or nodes > _MOST_NODES:
            raise _too_deep(where)
        left += [(one, depth + 1) for one in inner]


def _too_deep(where: str) -> BadInput:
    return BadInput(
        what="the YAML is nested too deep, or its aliases unfold to too much",
        where=where,
        remedy="Write the values out, without aliases.",
    )


def write_mapping(value: dict[str, object]) -> str:
    """Return a mapping as YAML, keys in their order, one member a line; read_mapping reads it."""
    text: str = yaml.dump(
        value,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        width=1000,
    )
    return text
