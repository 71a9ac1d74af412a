"""A proof in figures: how far it is, what the bytes prove, strata, pins, what was left apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import display
from core.control.fact import State
from core.model import ENDED
from tui.facts.proven import VERIFY, kinds
from tui.views.graph import bar
from tui.views.ill_words import words_of
from tui.views.line import EMPTY, WIDE, Line, Piece, Role, column, fitted, text, width_of, wrapped
from tui.views.totals import LABEL_COLUMN, labelled
from tui.views.words import stands

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.control.wire.state import Snapshot, Totals
    from core.control.wire.verify import Bytes, IllCount, Proof, Stratum
    from tui.ui import Ui
    from tui.views.line import Size

_BAR_CELLS = 20
_LEAST_S = 2.0
_STRATA = {"size": "sizes", "bucket": "buckets", "worker": "workers", "tries": "tries"}
_ROLES = {"error": Role.UNKNOWN, "equal": Role.OK}
_NO_BYTES = [labelled("bytes", Piece("- a check reads none: vgwm verify does", Role.DIM))]
_UNSEEN = (
    labelled("unseen", Piece("? changed tags, metadata, locks: a listing shows none", Role.WARN)),
    labelled("", Piece("`sync --full` asks the endpoint for them", Role.DIM)),
)
_HEAD_OF_KINDS = 2
_BELOW = 3


def figures(proof: Proof, now: Snapshot, ui: Ui, size: Size) -> list[Line]:
    """Return what is said of a proof, then the kinds of what was found, the cursor's marked."""
    width = size.width
    lines = [
        *_progress(proof, ui),
        *(_sample(proof.bytes, now.totals) if proof.kind == VERIFY else _NO_BYTES),
        *_strata(proof.bytes.strata, width),
        *_pins(proof),
        *_apart(proof, width),
        *(_UNSEEN if proof.kind == VERIFY and now.workspace.source.startswith("s3:") else ()),
    ]
    rows = max(1, size.height - len(lines) - _HEAD_OF_KINDS - _BELOW)
    return [fitted(line, width) for line in [*lines, *_kinds(proof, ui, rows, width)]]


def _progress(proof: Proof, ui: Ui) -> list[Line]:
    """Return the phase, how far it is and how long it takes; nothing once it has ended."""
    if proof.ended_ns is not None or proof.state in ENDED:
        return []
    done, all_, things = proof.joined, proof.keys, ""
    if proof.phase == "bytes":
        done, all_, things = proof.bytes.done, proof.bytes.all, " bundles"
    lines = [
        labelled(
            "phase",
            Piece(f"{proof.phase or 'begins'}   "),
            Piece(f"{display.count(done)} of {display.count(all_)}{things}   "),
            Piece(f"{display.percent(done, all_)}  ", Role.TITLE),
            Piece(bar(done, all_, _BAR_CELLS, unicode=ui.unicode), Role.GRAPH),
        )
    ]
    rate = "" if proof.rate is None else f"   {display.count(round(proof.rate))} keys/s"
    return [*lines, labelled("ETA", *_eta(proof), Piece(rate))]


def _eta(proof: Proof) -> Line:
    """Return how long its phase takes; unknown until that is earned (I7)."""
    left_s = proof.eta_s
    told = proof.bytes
    if proof.phase == "bytes" and told.done and told.seconds >= _LEAST_S:
        left_s = told.seconds / told.done * max(0, told.all - told.done)
    if left_s is None:
        return (stands(State.UNKNOWN, "unknown"), Piece(": not earned yet"))
    return (Piece(f"{display.duration(left_s)} for {proof.phase}"),)


def _sample(told: Bytes, totals: Totals) -> list[Line]:
    """Return what the bytes prove, and that a sample is a bound."""
    label = "bytes" if told.mode == "full" else "sample"
    if told.mode == "none" or (not told.n and not told.unread):
        none = (Piece("- none read again", Role.DIM), Piece(": nothing is said of the bytes"))
        return [labelled(label, *none), _whole(told, totals)]
    bad = Piece(f"{display.count(told.bad)} bad", Role.BAD if told.bad else Role.OK)
    line = labelled(label, Piece(f"{display.count(told.n)} read, "), bad)
    if told.unread:
        unread = Piece(f", {display.count(told.unread)} could not be read", Role.UNKNOWN)
        line = (*line, unread)
    if told.mode == "full" and told.whole:
        nodes = "on each node" if told.replicas == "all" else "on one node each"
        read = f"   {display.size(told.read_bytes)} {nodes}, in {display.duration(told.seconds)}"
        proved = not told.bad and not told.unread
        said = text(" every byte hashes to its CID", Role.OK) if proved else EMPTY
        return [(*line, Piece(read))] + ([labelled("", *said)] if said else [])
    if told.bound95 is None:
        return [line, _whole(told, totals)]
    bound = f": at most {_share(told.bound95)} bad (95 %), seed {told.seed}"
    return [(*line, Piece(bound)), _whole(told, totals)]


def _whole(told: Bytes, totals: Totals) -> Line:
    """Return what would read all of it, and about how long, at the speed of what was read."""
    if told.bound95 is None and told.mode != "full":
        said = "`vgwm verify` reads a sample again, `verify --full` every byte"
        return labelled("", Piece(said, Role.DIM))
    if told.mode == "full":
        done = f"{display.count(told.done)} of {display.count(told.all)} bundles"
        return labelled("", Piece(f"{done} are read so far", Role.DIM))
    about = ""
    if told.seconds >= _LEAST_S and told.read_bytes:
        left_s = totals.migrated_bytes / (told.read_bytes / told.seconds)
        about = f" (about {display.duration(left_s)})"
    said = f"a bound, not a proof: `verify --full` reads all{about}"
    return labelled("", Piece(said, Role.DIM))


def _share(share: float) -> str:
    """Return a bound as per cent, rounded up: it never says less than what was shown."""
    percent = 100 * share
    for digits in (2, 4, 6):
        step = 10.0**-digits
        if percent >= step:
            rounded = round(percent, digits)
            return f"{rounded if rounded >= percent else rounded + step:.{digits}f} %"
    return "0.000001 %" if share else "0 %"


def _strata(strata: Sequence[Stratum], width: int) -> list[Line]:
    """Return the parts of a sample, a row a kind: `<16K 0/4,000`; beside it the bound if wide."""
    lines: list[Line] = []
    for kind, label in _STRATA.items():
        found = [one for one in strata if one.kind == kind]
        if found:
            lines.append(_stratum_row(label, found, width))
    return lines


def _stratum_row(label: str, found: list[Stratum], width: int) -> Line:
    """Return the parts of a kind that fit, those with something bad first."""
    line = labelled(label)
    ordered = sorted(found, key=lambda one: not one.bad)
    for n, one in enumerate(ordered):
        bound = f" <= {_share(one.bound95)}" if width >= WIDE else ""
        said = f"{one.name} {display.count(one.bad)}/{display.count(one.n)}{bound}"
        piece = Piece(said, Role.BAD if one.bad else Role.TEXT)
        gap = Piece(" " * (LABEL_COLUMN - width_of(line)) if not n else "   ")
        more = Piece(f"   and {display.count(len(found) - n)} more", Role.DIM)
        least = width_of((*line, gap, piece)) + (0 if n == len(found) - 1 else width_of((more,)))
        if n and least > width:
            return (*line, more)
        line = (*line, gap, piece)
    return line


def _pins(proof: Proof) -> list[Line]:
    """Return what was seen of the pins; what nobody could look at is unknown, never pinned (I7)."""
    lines: list[Line] = []
    roots = display.count(proof.bundles)
    if proof.unpinned or proof.bundles_unpinned:
        said = f"{display.count(proof.bundles_unpinned)} of {roots} roots not seen pinned"
        lines.append(labelled("pins", Piece(f"x {said} on each node", Role.BAD)))
        of = f"{display.count(proof.unpinned)} objects are in them, in differ"
        lines.append(labelled("", Piece(of, Role.DIM)))
    elif proof.bundles and not proof.unread and proof.ended_ns is not None:
        lines.append(
            labelled("pins", Piece("= ", Role.OK), Piece(f"every one of {roots} roots seen pinned"))
        )
    elif not proof.unread:
        lines.append(labelled("pins", stands(State.UNKNOWN, "unknown"), Piece(": not looked at")))
    if proof.unread:
        unread = f"{display.count(proof.unread)} objects whose pins nobody could look at, in error"
        lines.append(labelled("" if lines else "pins", stands(State.UNKNOWN, unread)))
    return lines


def _apart(proof: Proof, width: int) -> list[Line]:
    """Return what a count of keys does not say: what was not compared, and what is known of it."""
    parts = {
        "skipped": proof.skipped,
        "gone": proof.gone,
        "changed since copied": proof.dirty,
        "versions": proof.versions,
        "markers": proof.markers,
    }
    said = ", ".join(f"{display.count(n)} {name}" for name, n in parts.items() if n)
    rows = wrapped(said, max(20, width - LABEL_COLUMN - 1)) if said else []
    return [labelled("" if n else "apart", Piece(row, Role.DIM)) for n, row in enumerate(rows)]


def _kinds(proof: Proof, ui: Ui, rows: int, width: int) -> list[Line]:
    """Return the kinds of what was found, and of the cursor's what it means and what ends it."""
    found = kinds(proof)
    if not found:
        return [EMPTY, text(f" {_nothing(proof)}", Role.DIM)]
    cursor = min(ui.cursor, len(found) - 1)
    first = max(0, min(cursor - rows + 1, len(found) - rows)) if cursor >= rows else 0
    lines = [EMPTY, text(f"   {'list':<11}{'kind':<18}{'rows':>13}", Role.DIM)]
    places = range(first, min(len(found), first + rows))
    lines += [_kind(found[place], proof, chosen=place == cursor) for place in places]
    told = words_of(found[cursor].kind)
    means = (Piece(" what   ", Role.DIM), Piece(column(told.means, max(1, width - 9)).rstrip()))
    do = (Piece(" do     ", Role.DIM), Piece(f"{told.do}; Enter lists them"))
    return [*lines, means, do]


def _nothing(proof: Proof) -> str:
    """Say what it means that no kind is listed."""
    if proof.ended_ns is None:
        return "nothing was found so far; the lists are made at the end"
    if proof.partial:
        return "nothing was found in the part that was looked at"
    return "nothing differs, is missing, is extra, or could not be looked at"


def _kind(one: IllCount, proof: Proof, *, chosen: bool) -> Line:
    sign = next((size.sign for size in proof.lists if size.name == one.name), "?")
    role = _ROLES.get(one.name, Role.BAD)
    return (
        Piece(" > " if chosen else "   ", Role.KEY),
        Piece(f"{sign} {one.name:<9}", role),
        Piece(f"{one.kind:<18}"),
        Piece(f"{display.count(one.rows):>13}"),
    )
