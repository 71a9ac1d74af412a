"""A verification in lines: what each list holds, the bound, and the first rows that differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.display import count, counted

if TYPE_CHECKING:
    from core.control.client import Client
    from core.control.wire import verify as wire_verify

_SHOWN: Final = 10
_FOUND_SOMETHING: Final = 1
_OF_BYTES: Final = frozenset({"bad_bytes", "lost_block", "no_manifest"})
_SEEN_ALONE: Final = frozenset({"orphan_pin"})
"""Kinds where nothing was wanted."""
_NO_OBJECT: Final = "./"
"""What belongs to no object stands in a bucket that S3 has not."""
_LISTED: Final = "s3:"
_FOUND: Final = ("differ", "missing", "extra", "error")
_WORDS: Final = {
    "equal": "equal on all sides",
    "differ": "differ",
    "missing": "missing on the target",
    "extra": "extra on the target",
    "error": "could not be looked at",
}


def sizes(proof: wire_verify.Proof) -> dict[str, wire_verify.ListSize]:
    """Return the lists by name."""
    return {one.name: one for one in proof.lists}


def code_of(proof: wire_verify.Proof) -> int:
    """Return the exit code: 1 if a key is in another list than the equal."""
    found = sum(one.objects for one in proof.lists if one.name != "equal")
    return _FOUND_SOMETHING if found or proof.partial else 0


async def proof_lines(client: Client, proof: wire_verify.Proof, source: str) -> list[str]:
    """Return what a verification came to. source: as the workspace is told."""
    from core.control.proof.next_steps import next_steps

    lines = [f"{one.sign} {count(one.objects):>13} {_WORDS[one.name]}" for one in proof.lists]
    lines += [f"    {one.kind:<16} {count(one.rows):>11}  in {one.name}" for one in proof.kinds]
    lines.append(
        f"pins: {count(proof.bundles - proof.bundles_unpinned)} of {count(proof.bundles)} bundles"
        f" seen on each allocation; {counted(proof.unpinned, 'object')} unpinned"
    )
    lines.append(
        f"not compared: {count(proof.skipped)} skipped with a reason, {count(proof.gone)} gone;"
        f" {count(proof.dirty)} changed since they were copied"
    )
    if proof.versions or proof.markers:
        told = f"{count(proof.versions)} old versions, {count(proof.markers)} delete markers"
        lines.append(f"compared among them: {told}")
    if source.startswith(_LISTED):
        lines.append(
            "not seen: tags, metadata and locks that changed at the source: an endpoint's listings"
            " show none; vgwm sync --full asks for them"
        )
    if proof.unread:
        lines.append(f"unread: {counted(proof.unread, 'object')} whose pins nobody could look at")
    lines.append(bytes_line(proof))
    lines += [_stratum_line(one) for one in proof.bytes.strata]
    for name in _FOUND:
        if sizes(proof)[name].rows:
            page = await client.view(name, limit=_SHOWN, job=proof.job)
            lines += [row_line(row) for row in page.rows]
    return [*lines, f"lists in {proof.folder}", *next_steps(proof, _FOUND)]


def bytes_line(proof: wire_verify.Proof) -> str:
    """Return what the bytes prove. A fault of a block that no object needs is a fault, too."""
    from core.control.report.proved import read_text

    told = proof.bytes
    if told.mode == "none" or told.bound95 is None:
        return "bytes: none read again, so nothing is said of them"
    read = f"bytes: {read_text(told)}"
    faults = sum(one.rows for one in proof.kinds if one.kind in _OF_BYTES)
    if told.mode == "full" and told.whole and not told.bad and not told.unread:
        if not faults:
            return f"{read}: every byte hashes to its CID"
        return f"{read}: 0 objects bad, and {counted(faults, 'fault')} in other blocks of bundles"
    unread = f", {count(told.unread)} could not be read" if told.unread else ""
    bound = f"at most {told.bound95:.4%} bad at 95 %"
    return f"{read}, {count(told.bad)} bad{unread}: {bound} (seed {told.seed})"


def row_line(row: wire_verify.ViewRow) -> str:
    """Return one row of a list."""
    name = row.object.removeprefix(_NO_OBJECT)
    at = f" at {row.where}" if row.where and row.where != name else ""
    said = ""
    if row.kind in _SEEN_ALONE:
        said = f": {row.field} {row.found}".replace(":  ", ": ")
    elif row.field or row.found:
        said = f": {row.field} {row.wanted or '-'}, found {row.found or '-'}".replace(":  ", ": ")
    return f"  {row.kind:<14} {name}{at}{said}"


def _stratum_line(one: wire_verify.Stratum) -> str:
    denser = ", read more densely" if one.denser else ""
    return (
        f"    {one.kind:<7} {one.name:<14} {count(one.n):>9} read, {count(one.bad)} bad:"
        f" at most {one.bound95:.3%}{denser}"
    )
