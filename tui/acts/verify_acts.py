"""What keys do on the Verify screen: parts, filters, an object at length, verifying, repair."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core import display
from core.model import JobState
from tui.acts import effects
from tui.acts.effects import Repair
from tui.acts.own import Own
from tui.acts.sheets import cancel_sheet
from tui.facts.proven import Pane, Proven, kinds, list_of, parse_wanted, shown, why_no_lists
from tui.ui import Asks, Message, Prompt, Sheet, Ui
from tui.views.ill_words import WORDS
from tui.views.verify import length
from tui.views.words import VERIFY, is_alive, job_of_kind

if TYPE_CHECKING:
    from core.control.wire.state import Job
    from core.control.wire.verify import Proof, ViewRow
    from tui.acts.own import Done
    from tui.facts.proven import ProofWindow
    from tui.ui import Scene

SAMPLE = 10_000
"""Objects that B reads again: the command's default."""
_ORPHAN_PIN = "orphan_pin"


def proof_of(ui: Ui, scene: Scene) -> Proof | None:
    """Return the proof that is shown."""
    return shown(scene.proofs or (), ui.proven)


def row_of(ui: Ui, scene: Scene) -> ViewRow | None:
    """Return the row under the cursor of a list; None while it is not here."""
    window = _window(ui, scene)
    return None if window is None else window.row(ui.cursor)


def _window(ui: Ui, scene: Scene) -> ProofWindow | None:
    window = scene.proof_window
    listing = list_of(proof_of(ui, scene), ui.proven)
    return window if window is not None and window.listing == listing else None


def showing(ui: Ui, proven: Proven) -> Ui:
    """Return another part or list, from its first row on."""
    return replace(ui, proven=proven, cursor=0, top=0, opened=False, message=None)


def command_of(ui: Ui, scene: Scene) -> str:
    """Return the command of what is shown: a verification, or what would mend its lists."""
    proof = proof_of(ui, scene)
    if proof is None or ui.proven.pane in {Pane.FIGURES, Pane.EQUAL}:
        return (
            "vgwm metadata check" if proof is not None and proof.kind != VERIFY else "vgwm verify"
        )
    if ui.proven.pane is Pane.MISSING and proof.kind == VERIFY:
        return "vgwm missing"
    return f"vgwm metadata repair --from {proof.folder} --dry-run"


def answered(ui: Ui, prompt: Prompt) -> Done:
    """Filter the list by what was typed."""
    wanted = parse_wanted(prompt.typed, ui.proven, WORDS)
    return replace(showing(ui, wanted), prompt=None), None


def _pane(ui: Ui, scene: Scene) -> Done:
    del scene
    panes = list(Pane)
    after = panes[(panes.index(ui.proven.pane) + 1) % len(panes)]
    return showing(ui, Proven(pane=after, job=ui.proven.job)), effects.LoadList()


def _open(ui: Ui, scene: Scene) -> Done:
    """Go from a kind to its rows, and from a row to all that is listed of its object."""
    if ui.proven.pane is not Pane.FIGURES:
        return (replace(ui, opened=not ui.opened), None) if row_of(ui, scene) else (ui, None)
    found = kinds(proof_of(ui, scene))
    if not found:
        return ui, None
    chosen = found[min(ui.cursor, len(found) - 1)]
    wanted = Proven(pane=Pane(chosen.name), job=ui.proven.job, kind=chosen.kind)
    return showing(ui, wanted), effects.LoadList()


def _filter(ui: Ui, scene: Scene) -> Done:
    """Ask for kind and bucket of a list; the figures have none."""
    if ui.proven.pane is Pane.FIGURES:
        said = "the figures are of all keys: Tab goes to the lists, / filters there"
        return replace(ui, message=Message(text=said)), None
    found = kinds(proof_of(ui, scene))
    among = tuple(one.kind for one in found if one.name == ui.proven.pane)
    prompt = Prompt(asks=Asks.KIND, about=ui.proven.pane.value, among=among)
    return replace(ui, prompt=prompt, error=None), None


def _next(ui: Ui, scene: Scene) -> Done:
    """Go to the next row of a list; among the figures to the proof before this one, around."""
    if ui.proven.pane is not Pane.FIGURES:
        return replace(ui, cursor=(ui.cursor + 1) % max(1, _rows(ui, scene))), None
    proofs, proof = scene.proofs or (), proof_of(ui, scene)
    if proof is None:
        return ui, None
    jobs = [one.job for one in proofs]
    older = jobs[(jobs.index(proof.job) + 1) % len(jobs)]
    return showing(ui, Proven(job=older)), None


def _begin(ui: Ui, scene: Scene) -> Done:
    now = scene.snapshot
    objects = "" if now is None else f": {display.count(now.totals.objects)}"
    sheet = Sheet(
        title="verify: compare every key, and read a sample again",
        command=f"vgwm verify --sample-size {SAMPLE}",
        effects=(
            f"holds source, ledger, object table and pins against each other{objects} objects",
            f"reads about {display.count(SAMPLE)} objects again and hashes them; changes nothing",
            "five lists name every key, in reports/verify-JOB; others stay",
            "every byte instead of a sample: `:verify --full --detach`",
        ),
        act=effects.Begin(VERIFY, (("scope", "all"), ("sample", str(SAMPLE)))),
    )
    return replace(ui, sheet=sheet, error=None), None


def _fix(ui: Ui, scene: Scene) -> Done:
    """Ask for the plan of what mends this proof's lists; an opened orphan pin may go, too."""
    proof = proof_of(ui, scene)
    if proof is None:
        return ui, None
    row = row_of(ui, scene)
    named = ui.opened and row is not None and row.kind == _ORPHAN_PIN
    unpin = (row.where,) if named and row is not None else ()
    said = Message(text="asking the engine for the plan ..")
    asked = effects.AskRepair(Repair(report=proof.folder, unpin=unpin))
    return replace(ui, message=said, error=None), asked


def _own_job(scene: Scene) -> Job | None:
    """Return the verification or check that runs, else the repair."""
    if scene.snapshot is None:
        return None
    found = (job_of_kind(scene.snapshot, kind) for kind in (VERIFY, "check", "repair"))
    return next((job for job in found if is_alive(job)), None)


def _cancel(ui: Ui, scene: Scene) -> Done:
    return replace(ui, sheet=cancel_sheet(_own_job(scene)), error=None), None


def _pause(ui: Ui, scene: Scene) -> Done:
    job = _own_job(scene)
    if job is None:
        return ui, None
    verb = effects.Verb.RESUME if job.state == JobState.PAUSED else effects.Verb.PAUSE
    return ui, effects.Steer(job.id, verb)


def _why_off(id_: str, ui: Ui, scene: Scene) -> str:
    match id_:
        case "begin":
            return _why_not_begin(scene)
        case "pause" | "cancel":
            return _why_not_steer(id_, _own_job(scene))
        case "fix":
            return _why_not_fix(proof_of(ui, scene), scene)
        case _:
            return ""


def _why_not_begin(scene: Scene) -> str:
    job = _own_job(scene)
    if job is not None and job.kind == VERIFY:
        return f"job {job.id} ({job.kind}) is {job.state}"
    planned = scene.snapshot is not None and scene.snapshot.workspace.planned
    return "" if planned else "nothing is planned yet: g p, then B"


def _why_not_steer(id_: str, job: Job | None) -> str:
    if job is None:
        return "nothing is verified, checked or repaired now"
    if id_ == "pause" and job.state in {JobState.PAUSING, JobState.CANCELLING}:
        return f"job {job.id} is {job.state}"
    return ""


def _why_not_fix(proof: Proof | None, scene: Scene) -> str:
    if proof is None:
        return "nothing was verified yet: B verifies"
    why = why_no_lists(proof)
    if why:
        return why
    job = job_of_kind(scene.snapshot, "repair") if scene.snapshot is not None else None
    if job is not None and is_alive(job):
        return f"job {job.id} (repair) is {job.state}"
    return "" if kinds(proof) else "nothing was found that could be mended"


def _back(ui: Ui) -> Ui | None:
    """Close what is open, else let go of the filter, the list, and an older proof."""
    proven = ui.proven
    if ui.opened:
        return replace(ui, opened=False)
    if proven.typed:
        return showing(ui, Proven(pane=proven.pane, job=proven.job))
    if proven.pane is not Pane.FIGURES:
        return showing(ui, Proven(job=proven.job))
    return showing(ui, Proven()) if proven.job is not None else None


def _rows(ui: Ui, scene: Scene) -> int:
    return length(proof_of(ui, scene), _window(ui, scene), ui)


OWN = Own(
    does={
        "pane": _pane,
        "open": _open,
        "filter": _filter,
        "next": _next,
        "begin": _begin,
        "fix": _fix,
        "pause": _pause,
        "cancel": _cancel,
    },
    why_off=_why_off,
    back=_back,
    length=_rows,
    words={"begin": "verify", "fix": "repair"},
)
