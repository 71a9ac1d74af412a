"""docs/api.md is what the wire types and the routes say."""

from __future__ import annotations

import re
from pathlib import Path

from core.control import reference
from core.control.desk import VERBS
from core.control.server import Api
from tests.fakes.desk import FakeDesk

PAGE = Path(__file__).parents[3] / "docs" / "api.md"


def test_the_page_is_up_to_date() -> None:
    """`python -m core.control.reference > docs/api.md` mends it."""
    assert PAGE.read_text() == reference.render()


def test_every_route_is_listed() -> None:
    listed = set(
        re.findall(r"^\| `(?:GET|POST|PATCH|PUT) (/[^`]+)`", PAGE.read_text(), flags=re.MULTILINE)
    )
    served = {route.path for route in Api(FakeDesk()).routes()}
    served = {
        re.sub(r"\{(?:job|plan):int\}", "N", path)
        .replace("{verb}", VERBS[0])
        .replace("{check}", "ID")
        .replace("{item}", "ITEM")
        .replace("{list}", "LIST")
        for path in served
    }
    assert listed == served
