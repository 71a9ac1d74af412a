"""What keys do on the IAM screen: the accounts' place, their findings, and carrying them over."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tui.acts import effects
from tui.acts.own import Own
from tui.review import Accounts, Books, line
from tui.ui import Asks, Message, Prompt, Sheet, Ui
from tui.views.iam import rows_of
from tui.views.line import Role

if TYPE_CHECKING:
    from tui.acts.own import Done
    from tui.ui import Scene


def command_of(ui: Ui) -> str:
    """Return the command that shows what is shown."""
    return line(ui.accounts.words) if ui.accounts.source else "vgwm iam audit DIR"


def answered(ui: Ui, prompt: Prompt) -> Done:
    """Take the place of the accounts, or where they are to be carried."""
    typed = prompt.typed.strip()
    ui = replace(ui, prompt=None)
    if not typed:
        why = Message(text="no folder was named, so nothing was read", role=Role.WARN)
        return replace(ui, message=why), None
    if prompt.asks is Asks.FOLDER:
        return _reviewed(replace(ui, cursor=0, top=0, opened=False), Accounts(source=typed))
    return _reviewed(ui, replace(ui.accounts, target=typed))


def _reviewed(ui: Ui, accounts: Accounts) -> Done:
    said = Message(text="reading the accounts, nothing is written ..")
    return replace(ui, accounts=accounts, message=said, error=None), effects.Review()


def _pane(ui: Ui, scene: Scene) -> Done:
    del scene
    panes = list(Books)
    after = panes[(panes.index(ui.accounts.pane) + 1) % len(panes)]
    accounts = replace(ui.accounts, pane=after)
    return replace(ui, accounts=accounts, cursor=0, top=0, opened=False), None


def _folder(ui: Ui, scene: Scene) -> Done:
    del scene
    prompt = Prompt(asks=Asks.FOLDER, typed=ui.accounts.source)
    return replace(ui, prompt=prompt, error=None), None


def _open(ui: Ui, scene: Scene) -> Done:
    if not ui.accounts.source:
        return _folder(ui, scene)
    return replace(ui, opened=not ui.opened), None


def _next(ui: Ui, scene: Scene) -> Done:
    """Go to the next account with a finding."""
    accounts = scene.iam.accounts if scene.iam is not None else ()
    order = [*range(ui.cursor + 1, len(accounts)), *range(min(ui.cursor + 1, len(accounts)))]
    found = (n for n in order if accounts[n].findings)
    return replace(ui, cursor=next(found, ui.cursor)), None


def _again(ui: Ui, scene: Scene) -> Done:
    del scene
    return _reviewed(ui, ui.accounts)


def _begin(ui: Ui, scene: Scene) -> Done:
    """Ask where to first; then show the command that carries them over."""
    report, accounts = scene.iam, ui.accounts
    if report is None or report.proof is None or not accounts.target:
        prompt = Prompt(asks=Asks.TO, typed=accounts.target)
        return replace(ui, prompt=prompt, error=None), None
    words = ("iam", "convert", accounts.source, "--to", accounts.target)
    sheet = Sheet(
        title=f"carry {report.count} accounts over",
        command=line(list(words)),
        effects=(
            f"writes {report.target or accounts.target}, mode 0600; access keys and secrets stay",
            "other accounts that stand there are not replaced; --force would, and keep them",
            "each account is read back and compared",
        ),
        act=effects.WriteReview(words),
    )
    return replace(ui, sheet=sheet, error=None), None


def _why_off(id_: str, ui: Ui, scene: Scene) -> str:
    del ui
    report = scene.iam
    if report is None:
        return "no accounts are under review: / names their folder"
    if id_ == "begin" and report.fails:
        return f"{report.fails} accounts fail their check: n leads to them"
    if id_ == "begin" and report.state == "unchanged":
        return "all accounts are there already, equal"
    return "" if id_ in {"begin", "retry"} else "no job is reviewed here: g m"


def _back(ui: Ui) -> Ui | None:
    if ui.opened:
        return replace(ui, opened=False)
    if ui.accounts.pane is not Books.ACCOUNTS:
        return replace(ui, accounts=replace(ui.accounts, pane=Books.ACCOUNTS), cursor=0, top=0)
    return None


def _length(ui: Ui, scene: Scene) -> int:
    return 0 if scene.iam is None else rows_of(scene.iam, ui.accounts.pane)


OWN = Own(
    does={
        "pane": _pane,
        "open": _open,
        "filter": _folder,
        "next": _next,
        "retry": _again,
        "begin": _begin,
    },
    why_off=_why_off,
    back=_back,
    length=_length,
    words={
        "filter": "folder",
        "pane": "part",
        "next": "next finding",
        "retry": "read again",
        "begin": "carry over",
    },
    local=True,
)
