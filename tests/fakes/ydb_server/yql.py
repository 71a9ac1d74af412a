"""YQL texts cut into statements of tokens, and the types in them. A small subset."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from tests.fakes.ydb_server.values import Type, named, optional

_TOKEN: Final = re.compile(
    r"(?P<space>\s+|--[^\n]*|/\*.*?\*/)"
    r"|(?P<text>\"(?:\\.|[^\"\\])*\"u?|'(?:\\.|[^'\\])*'u?)"
    r"|(?P<path>`[^`]*`)|(?P<parameter>\$\w+)|(?P<number>\d+)"
    r"|(?P<word>\w+)|(?P<sign><>|!=|<=|>=|==|.)",
    re.DOTALL,
)


class Token(NamedTuple):
    kind: str
    text: str

    @property
    def low(self) -> str:
        return self.text.lower()

    @property
    def bare(self) -> str:
        return self.text.strip("`")


def statements(text: str) -> list[list[Token]]:
    """The statements of a text, without DECLARE and PRAGMA."""
    found: list[list[Token]] = [[]]
    for match in _TOKEN.finditer(text):
        token = Token(match.lastgroup or "", match.group())
        if token.text == ";":
            found.append([])
        elif token.kind != "space":
            found[-1].append(token)
    return [s for s in found if s and s[0].low not in {"declare", "pragma"}]


def type_at(tokens: list[Token], at: int) -> tuple[Type, int]:
    """The type that begins at a token, and where the next thing stands: `T` or `T?`."""
    kind = named(tokens[at].text)
    after = at + 1
    if after < len(tokens) and tokens[after].text == "?":
        return optional(kind), after + 1
    return kind, after
