"""`vgwm completion`: what a shell needs to complete this command line."""

from __future__ import annotations

import click


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Print the completion script of SHELL.

    bash: vgwm completion bash > ~/.local/share/bash-completion/completions/vgwm
    """
    from click.shell_completion import get_completion_class

    root = click.get_current_context().find_root().command
    kind = get_completion_class(shell)
    if kind is None:
        raise click.BadParameter(shell)
    click.echo(kind(root, {}, "vgwm", "_VGWM_COMPLETE").source())
    return 0
