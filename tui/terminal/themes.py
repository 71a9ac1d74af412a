"""Themes: YAML files that give each role a colour and attributes.

Five are shipped (`themes/*.yaml`); `$XDG_CONFIG_HOME/vgwm/themes/NAME.yaml` adds or replaces. A
file with mistakes is refused with all of them listed, and the built-in one stays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import resources
from typing import TYPE_CHECKING

import yaml
from rich.color import Color, ColorParseError, ColorSystem
from rich.style import Style
from textual.theme import Theme

from core.cli.theme import config_folder, no_theme
from core.errors import BadInput
from tui.views.line import Role

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

DEFAULT = "terminal"
MONO = "mono"

COLOURS = [
    "primary",
    "secondary",
    "warning",
    "error",
    "success",
    "accent",
    "foreground",
    "background",
    "surface",
    "panel",
    "boost",
]
ROLES = (Role.OK, Role.WARN, Role.BAD, Role.UNKNOWN, Role.DIM, Role.GRAPH)
ATTRIBUTES = ("bold", "dim", "italic", "underline", "reverse")
_PARTS = ("name", "dark", "ansi", "colours", "roles", "attributes")
_ANSI = "ansi_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A theme as read. Colours are `#rrggbb`, or `ansi_*` where the terminal chooses."""

    name: str
    dark: bool
    ansi: bool
    colours: Mapping[str, str]
    roles: Mapping[Role, str]
    attributes: Mapping[Role, tuple[str, ...]]


def colour(name: str) -> Color:
    """Return a theme's colour; raises ColorParseError for what is none."""
    return Color.parse(name.removeprefix(_ANSI) if name.startswith(_ANSI) else name)


def load(name: str, folder: Path | None = None) -> Look:
    """Return a theme by name: the operator's own file first, then a shipped one.

    Raises BadInput for an unknown name, and for a file with mistakes, with all of them.
    """
    own = (folder if folder is not None else config_folder()) / f"{name}.yaml"
    try:
        if own.is_file():
            return parse(own.read_text(encoding="utf-8"), str(own))
        shipped = resources.files("themes") / f"{name}.yaml"
        if "/" not in name and shipped.is_file():
            return parse(shipped.read_text(encoding="utf-8"), f"themes/{name}.yaml")
    except (OSError, UnicodeDecodeError) as error:
        raise _wrong(str(own), f"cannot be read ({type(error).__name__})") from error
    raise no_theme(name)


def parse(text: str, where: str) -> Look:
    """Return a theme from YAML; raises BadInput that lists every mistake."""
    try:
        read = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise _wrong(where, "is no YAML") from error
    if not isinstance(read, dict):
        raise _wrong(where, "is no mapping")
    wrong = [f"unknown {key}" for key in read if key not in _PARTS]
    wrong += [f"no {key}" for key in _PARTS if key not in read]
    wrong += [f"{key} is no true or false" for key in ("dark", "ansi") if not _is_flag(read, key)]
    colours = _names(read, "colours", COLOURS, wrong)
    roles = _names(read, "roles", [role.value for role in ROLES], wrong)
    wrong += [
        f"{key}: {value!r} is no colour"
        for key, value in {**colours, **roles}.items()
        if not _is_colour(value)
    ]
    attributes = _attributes(read.get("attributes"), wrong)
    if wrong:
        raise _wrong(where, f"has mistakes: {'; '.join(wrong)}")
    return Look(
        name=str(read["name"]),
        dark=read["dark"],
        ansi=read["ansi"],
        colours=colours,
        roles={Role(key): value for key, value in roles.items()},
        attributes=attributes,
    )


def _is_flag(read: Mapping[str, object], key: str) -> bool:
    return key not in read or isinstance(read[key], bool)


def _is_colour(name: str) -> bool:
    try:
        colour(name)
    except ColorParseError:
        return False
    return True


def _names(
    read: Mapping[str, object], part: str, known: Sequence[str], wrong: list[str]
) -> dict[str, str]:
    """Return one mapping of the file, and note what is unknown or missing in it."""
    found = read.get(part, {})
    if not isinstance(found, dict):
        wrong.append(f"{part} is no mapping")
        return {}
    wrong += [f"unknown {part}.{key}" for key in found if key not in known]
    wrong += [f"no {part}.{key}" for key in known if key not in found]
    return {key: str(value) for key, value in found.items() if key in known}


def _attributes(found: object, wrong: list[str]) -> dict[Role, tuple[str, ...]]:
    if not isinstance(found, dict):
        wrong.append("attributes is no mapping")
        return {}
    out: dict[Role, tuple[str, ...]] = {}
    for key, value in found.items():
        words = tuple(str(value).split())
        if key not in set(Role):
            wrong.append(f"unknown attributes.{key}")
        elif not set(words) <= set(ATTRIBUTES):
            wrong.append(f"attributes.{key}: {value!r}")
        else:
            out[Role(key)] = words
    return out


def _wrong(where: str, what: str) -> BadInput:
    return BadInput(
        what=f"{where} {what}",
        where="theme",
        remedy=f"A theme names {', '.join(_PARTS)}; see the shipped {DEFAULT}.yaml.",
    )


def without_colour(look: Look) -> Look:
    """Return the look with the terminal's own colours everywhere (NO_COLOR)."""
    default = f"{_ANSI}default"
    return replace(
        look,
        ansi=True,
        colours=dict.fromkeys(COLOURS, default),
        roles=dict.fromkeys(ROLES, default),
    )


def styles(look: Look, *, sixteen: bool) -> dict[Role, Style]:
    """Return each role's style on the theme's background; sixteen: for low-data."""
    background = _shade(look.colours["background"], sixteen=sixteen)
    plain = look.colours["foreground"]
    return {
        role: Style(
            color=_shade(look.roles.get(role, plain), sixteen=sixteen),
            bgcolor=background,
            **dict.fromkeys(look.attributes.get(role, ()), True),  # type: ignore[arg-type]  # names of attributes
        )
        for role in Role
    }


def _shade(name: str, *, sixteen: bool) -> Color:
    found = colour(name)
    return found.downgrade(ColorSystem.STANDARD) if sixteen else found


def textual_theme(look: Look) -> Theme:
    """Return the theme as Textual takes it, for what Textual itself paints."""
    variables = {f"vg-{role.value}": value for role, value in look.roles.items()}
    if look.ansi:
        # Without these two Textual's own CSS does not parse under an ansi theme.
        variables |= {"ansi-background": "ansi_black", "ansi-foreground": "ansi_white"}
    return Theme(
        name=f"vg-{look.name}",
        dark=look.dark,
        ansi=look.ansi,
        variables=variables,
        **look.colours,  # type: ignore[arg-type]  # COLOURS are names of text fields
    )
