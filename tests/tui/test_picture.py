"""The picture of a screen: whole XML, every text of the screen in it, and nothing fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from tests.tui import stage
from tests.tui.test_app import driven
from tui.hands.picture import migrate, svg
from tui.terminal import themes
from tui.terminal.grid import Grid
from tui.views.line import Piece, Role, Size

if TYPE_CHECKING:
    from pathlib import Path

SIZE = Size(80, 24)
TEXT = "{http://www.w3.org/2000/svg}text"


def texts(picture: str) -> list[str]:
    return [node.text or "" for node in ET.fromstring(picture).iter(TEXT)]  # noqa: S314 - our own text


def test_migrate_of_a_snapshot_is_a_picture() -> None:
    picture = migrate(stage.snapshot(), themes.load("dark"), SIZE)
    shown = "\n".join(texts(picture))
    for text in ("photos", "> copying", "4,812,330 of 12,004,118", "failed 12", "! stalled"):
        assert text in shown
    assert len(picture) < 25_000


def test_a_picture_fetches_nothing() -> None:
    picture = migrate(stage.snapshot(), themes.load("dark"), SIZE, unicode=True)
    assert picture.count("http") == 1  # the name space
    assert "url(" not in picture


def test_markup_in_a_text_stays_text() -> None:
    line = (Piece("<script>&\"'", Role.BAD),)
    assert texts(svg(Grid.of([line], Size(20, 1)), themes.load("light"))) == ["<script>&\"'"]


async def test_w_writes_the_screen_to_the_reports(tmp_path: Path) -> None:
    async with driven(tmp_path) as it:
        await it.press("g", "m", "w")
        await it.until(lambda: "written to reports/migrate-" in it.row23)
    files = sorted(path.suffix for path in (tmp_path / "reports").iterdir())
    assert files == [".svg", ".txt"]
    (text,) = (tmp_path / "reports").glob("*.txt")
    assert "of 12,004,118" in text.read_text()


async def test_w_says_why_it_could_not(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("in the way")
    async with driven(tmp_path) as it:
        await it.press("w")
        await it.until(lambda: "the screen could not be written" in it.text)
