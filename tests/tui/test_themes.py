"""Themes: the shipped ones load and can be read; mistakes in one are all listed."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.color import ColorSystem

from core.cli.main import main
from core.cli.theme import check, names
from core.errors import BadInput
from tui.terminal import themes
from tui.views.line import Role

SHIPPED = ("contrast", "dark", "light", "mono", "terminal")


def test_five_themes_are_shipped() -> None:
    assert tuple(names()) == SHIPPED


def luminance(name: str) -> float:
    triplet = themes.colour(name).get_truecolor()
    parts = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (channel / 255 for channel in triplet)
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def ratio(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_ratio_is_that_of_wcag() -> None:
    assert ratio("#000000", "#ffffff") == pytest.approx(21.0)
    assert ratio("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(("name", "least"), [("dark", 4.5), ("light", 4.5), ("contrast", 7.0)])
def test_every_role_stands_out_from_its_background(name: str, least: float) -> None:
    look = themes.load(name)
    background = look.colours["background"]
    for role, colour in {**look.roles, Role.TEXT: look.colours["foreground"]}.items():
        assert ratio(colour, background) >= least, role


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("sixteen", [False, True])
def test_every_role_has_a_style(name: str, *, sixteen: bool) -> None:
    styles = themes.styles(themes.load(name), sixteen=sixteen)
    assert set(styles) == set(Role)
    if sixteen:
        for style in styles.values():
            assert style.color is not None
            assert style.color.downgrade(ColorSystem.STANDARD) == style.color


@pytest.mark.parametrize("name", ["mono", "terminal"])
def test_ansi_themes_leave_the_background_to_the_terminal(name: str) -> None:
    for style in themes.styles(themes.load(name), sixteen=False).values():
        assert style.bgcolor is not None
        assert style.bgcolor.is_default


def test_without_colour_leaves_no_colour() -> None:
    look = themes.without_colour(themes.load("dark"))
    for style in themes.styles(look, sixteen=False).values():
        assert style.color is not None
        assert style.color.is_default


def test_an_operators_theme_comes_first(tmp_path: Path) -> None:
    text = (Path(themes.__file__).parents[2] / "themes" / "dark.yaml").read_text()
    (tmp_path / "dark.yaml").write_text(text.replace("#ff7b72", "#ff0000"))
    assert themes.load("dark", tmp_path).roles[Role.BAD] == "#ff0000"


def test_all_mistakes_are_listed() -> None:
    with pytest.raises(BadInput) as caught:
        themes.parse("name: x\ndark: 3\nroles: {ok: nocolour, shout: red}\nsize: 3\n", "mine.yaml")
    for mistake in (
        "unknown size",
        "no ansi",
        "dark is no true or false",
        "unknown roles.shout",
        "no roles.bad",
        "'nocolour' is no colour",
        "no colours.primary",
    ):
        assert mistake in caught.value.what


def test_an_unknown_name_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="contrast dark light mono terminal"):
        themes.load("../secrets", tmp_path)


def test_a_theme_that_there_is_not_is_refused_and_the_known_ones_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "vgwm" / "themes").mkdir(parents=True)
    (tmp_path / "vgwm" / "themes" / "mine.yaml").touch()
    check("mine")
    for refuses in (check, themes.load):
        with pytest.raises(BadInput) as refused:
            refuses("nope")
        assert refused.value.remedy == "There are: contrast dark light mine mono terminal."


@pytest.mark.parametrize("arguments", [["status"], ["--plain"], []])
def test_a_wrong_theme_is_bad_input_whatever_is_run(
    arguments: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["--theme", "nope", *arguments]) == BadInput.exit_code
    assert "nope is no theme" in capfd.readouterr().err
