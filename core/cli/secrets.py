"""Options for what must not stand in a process list: by variable or file, never as an argument."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import click

from core.errors import BadInput, SecretInArgument

if TYPE_CHECKING:
    from collections.abc import Callable


def secret_option(name: str, tells: str) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Give a command `--NAME-env` and `--NAME-file`; it receives a reference or None, as NAME_ref.

    `--NAME VALUE` itself is refused: any user of the host could have read it.
    """
    word = name.replace("-", "_")

    def decorate(function: Callable[..., int]) -> Callable[..., int]:
        @click.option(f"--{name}-env", f"{word}_env", metavar="NAME", help=f"{tells}: a variable.")
        @click.option(f"--{name}-file", f"{word}_file", metavar="FILE", help=f"{tells}: a file.")
        @click.option(f"--{name}", callback=_refuse, expose_value=False, hidden=True)
        @functools.wraps(function)
        def wrapped(*args: object, **options: object) -> int:
            by_variable = options.pop(f"{word}_env")
            by_file = options.pop(f"{word}_file")
            if by_variable is not None and by_file is not None:
                raise BadInput(
                    what=f"--{name}-env and --{name}-file are both given",
                    where="the command line",
                    remedy="Give one of them.",
                )
            options[f"{word}_ref"] = _reference(by_variable, by_file)
            return function(*args, **options)

        return wrapped

    return decorate


def _reference(by_variable: object, by_file: object) -> str | None:
    if by_variable is not None:
        return f"env:{by_variable}"
    if by_file is None:
        return None
    from pathlib import Path

    return f"file:{Path(str(by_file)).absolute()}"


def _refuse(_context: click.Context, option: click.Parameter, given: str | None) -> None:
    if given is None:
        return
    name = option.opts[0]
    raise SecretInArgument(
        what=f"{name} gives a secret as an argument, where every user of this host can read it",
        where="the command line",
        remedy=f"Change that secret, then use {name}-env NAME or {name}-file FILE.",
    )


def refuse_credentials(_context: click.Context, option: click.Parameter, given: object) -> object:
    """Let an option's URLs through, as a click callback, unless one holds a user or password."""
    for url in given if isinstance(given, tuple) else (given,):
        if isinstance(url, str) and "@" in url.partition("://")[2].partition("/")[0]:
            raise SecretInArgument(
                what=f"a URL of {option.opts[0]} holds credentials",
                where="the command line",
                remedy="Take them out of the URL; name user and password by their own options.",
            )
    return given
