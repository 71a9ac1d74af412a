"""What keys do on the Config screen: the file, its parts, what is decided, and the writing."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tui.acts import effects
from tui.acts.own import Own
from tui.review import Conversion, Pane, line
from tui.ui import Asks, Message, Prompt, Sheet, Ui
from tui.views.config import lines_of
from tui.views.line import Role

if TYPE_CHECKING:
    from core.control.wire.config import ConfigRow
    from tui.acts.own import Done
    from tui.ui import Scene

_ACTS: Final = {"accept": "accept", "cancel": "drop", "edit": "edit"}
"""A key's id, and what the row has to allow for it."""
_PRESSED: Final = {"accept": "A", "cancel": "X", "edit": "E"}
_PRESSING: Final = frozenset({"problem", "unknown"})


def row_of(ui: Ui, scene: Scene) -> ConfigRow | None:
    """Return the key under the cursor; None where none is."""
    if scene.config is None or ui.conversion.pane is not Pane.KEYS or not scene.config.rows:
        return None
    return scene.config.rows[min(ui.cursor, len(scene.config.rows) - 1)]


def command_of(ui: Ui) -> str:
    """Return the command that shows what is shown."""
    return line(ui.conversion.words) if ui.conversion.files else "vgwm config diff OLD NEW"


def answered(ui: Ui, prompt: Prompt) -> Done:
    """Take the files to be reviewed, or another value for a key."""
    typed = prompt.typed.strip()
    ui = replace(ui, prompt=None)
    if prompt.asks is Asks.VALUE:
        return _reviewed(ui, ui.conversion.decided("--set", f"{prompt.about}={prompt.typed}"))
    try:
        files = tuple(shlex.split(typed))
    except ValueError as error:
        return _refused(ui, f"not read: {error}")
    if not 1 <= len(files) <= len(("old", "new")):
        return _refused(ui, "one file, or the old one and where the new one will be")
    at_top = replace(ui, cursor=0, top=0, opened=False)
    return _reviewed(at_top, Conversion(files=files))


def _refused(ui: Ui, why: str) -> Done:
    return replace(ui, message=Message(text=why, role=Role.WARN)), None


def _reviewed(ui: Ui, conversion: Conversion) -> Done:
    said = Message(text="converting, nothing is written ..")
    return replace(ui, conversion=conversion, message=said, error=None), effects.Review()


def _pane(ui: Ui, scene: Scene) -> Done:
    del scene
    panes = list(Pane)
    after = panes[(panes.index(ui.conversion.pane) + 1) % len(panes)]
    conversion = replace(ui.conversion, pane=after)
    return replace(ui, conversion=conversion, cursor=0, top=0, opened=False), None


def _file(ui: Ui, scene: Scene) -> Done:
    del scene
    typed = shlex.join(ui.conversion.files)
    return replace(ui, prompt=Prompt(asks=Asks.FILES, typed=typed), error=None), None


def _open(ui: Ui, scene: Scene) -> Done:
    if not ui.conversion.files:
        return _file(ui, scene)
    return replace(ui, opened=not ui.opened), None


def _next(ui: Ui, scene: Scene) -> Done:
    """Go to the next key that keeps the files from being written, or is worth a look."""
    rows = scene.config.rows if scene.config is not None else []
    order = [*range(ui.cursor + 1, len(rows)), *range(min(ui.cursor + 1, len(rows)))]
    found = (n for n in order if rows[n].state in _PRESSING or rows[n].warn)
    return replace(ui, cursor=next(found, ui.cursor)), None


def _accept(ui: Ui, scene: Scene) -> Done:
    row = row_of(ui, scene)
    return (ui, None) if row is None else _decided(ui, "--accept", row)


def _drop(ui: Ui, scene: Scene) -> Done:
    row = row_of(ui, scene)
    return (ui, None) if row is None else _decided(ui, "--drop", row)


def _decided(ui: Ui, option: str, row: ConfigRow) -> Done:
    return _reviewed(ui, ui.conversion.decided(option, row.id))


def _edit(ui: Ui, scene: Scene) -> Done:
    row = row_of(ui, scene)
    if row is None:
        return ui, None
    if ui.conversion.decision(row.id, row.path) == _PRESSED["edit"]:
        return _reviewed(ui, ui.conversion.without(row.path))
    prompt = Prompt(asks=Asks.VALUE, about=row.path, typed=row.new_value)
    return replace(ui, prompt=prompt, error=None), None


def _again(ui: Ui, scene: Scene) -> Done:
    del scene
    return _reviewed(ui, ui.conversion)


def _begin(ui: Ui, scene: Scene) -> Done:
    """Show the command that writes the files, and what it writes."""
    diff = scene.config
    if diff is None:
        return ui, None
    written = [file for file in diff.files if not file.same]
    kept = any(file.exists for file in written)
    sheet = Sheet(
        title=f"write {len(written)} {'file' if len(written) == 1 else 'files'}",
        command=diff.command,
        effects=(
            *(
                f"{'replaces' if file.exists else 'makes'} {file.path}, mode {file.mode or '0644'}"
                for file in written
            ),
            *(("what stood there is kept beside it",) if kept else ()),
            "all of them, or none if a file is another one by then",
        ),
        act=effects.WriteReview(tuple(shlex.split(diff.command)[1:])),
    )
    return replace(ui, sheet=sheet, error=None), None


def _why_off(id_: str, ui: Ui, scene: Scene) -> str:
    if scene.config is None:
        return "no configuration is under review: / names its file"
    if id_ == "begin":
        return _why_not_written(scene)
    if id_ not in _ACTS:
        return "" if id_ == "retry" else "no job is reviewed here: g m"
    row = row_of(ui, scene)
    if row is None:
        return "Tab leads to the keys"
    if _ACTS[id_] in row.acts or ui.conversion.decision(row.id, row.path) == _PRESSED[id_]:
        return ""
    return f"{row.key or row.path} is {row.state}: it cannot be {_done(id_)}"


def _done(id_: str) -> str:
    return {"accept": "accepted", "cancel": "dropped", "edit": "edited here"}[id_]


def _why_not_written(scene: Scene) -> str:
    diff = scene.config
    if diff is None or diff.writable:
        return ""
    return f"{diff.counts.get('problem', 0)} problems are left: n leads to them"


def _back(ui: Ui) -> Ui | None:
    if ui.opened:
        return replace(ui, opened=False)
    if ui.conversion.pane is not Pane.KEYS:
        return replace(ui, conversion=replace(ui.conversion, pane=Pane.KEYS), cursor=0, top=0)
    return None


def _length(ui: Ui, scene: Scene) -> int:
    return 0 if scene.config is None else lines_of(scene.config, ui.conversion.pane)


OWN = Own(
    does={
        "pane": _pane,
        "open": _open,
        "filter": _file,
        "next": _next,
        "accept": _accept,
        "cancel": _drop,
        "edit": _edit,
        "retry": _again,
        "begin": _begin,
    },
    why_off=_why_off,
    back=_back,
    length=_length,
    words={
        "filter": "file",
        "pane": "part",
        "next": "open ones",
        "accept": "accept",
        "cancel": "drop",
        "retry": "read again",
        "begin": "write",
    },
    local=True,
)
