"""`nof0 completion`: words of the command at the tab key."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from nof0_core.errors import UsageError

VARIABLE = "_NOF0_COMPLETE"


@click.command(short_help="Print what makes a shell complete nof0's words.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what makes a shell complete nof0's words.

    \b
    bash: nof0 completion bash > ~/.local/share/bash-completion/completions/nof0
    zsh:  nof0 completion zsh > "${fpath[1]}/_nof0"
    fish: nof0 completion fish > ~/.config/fish/completions/nof0.fish
    """  # noqa: D301 - click reads the backspace
    found = get_completion_class(shell)
    if found is None:
        message = f"there is no completion for {shell}"
        raise UsageError(message)
    root = click.get_current_context().find_root().command
    # Its `source` asks bash for its version, which need not be there to write for it.
    maker = found(root, {}, "nof0", VARIABLE)
    click.echo(maker.source_template % maker.source_vars())
