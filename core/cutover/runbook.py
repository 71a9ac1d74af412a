"""The way back on paper: exact commands for HAProxy's sockets and maps, from a plan. Pure.

For the day on which nothing of vgwm runs any more: a person, a shell, socat.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from core.cutover.map_file import OWNER_PATH
from core.cutover.mode import Mode
from core.cutover.rollback_plan import Green, Way
from core.display import safe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from core.config.schema import Haproxy, Workspace
    from core.cutover.rollback_plan import BackFacts, RollbackPlan

_READ_BACK: Final = "Each has to say"


def runbook(plan: RollbackPlan, workspace: Workspace, folder: Path) -> str:
    """Return the steps as Markdown, without secrets. folder: of the workspace."""
    facts = plan.facts
    lines = [
        f"# Back to blue: slice {safe(facts.wish.slice)}, plan {plan.hash}",
        "",
        "Do these in their order, on a host that reaches every load balancer's socket and map.",
        "No step begins before every load balancer says what the one before it asks for:",
        "so no two sides ever accept writes.",
        "Let no engine work meanwhile, nor whatever begins it anew: `vgwm engine stop`.",
        "",
        *_risk(plan),
        "## R1 Fence green",
        "",
        *_switch(facts, workspace, Mode.GREEN_RO),
        *_drained(facts, workspace),
        *_carry(facts, folder),
        *_files(facts, folder),
        "## R4 Open blue",
        "",
        *_gateways(workspace),
        *_switch(facts, workspace, Mode.BLUE_RO),
        *_switch(facts, workspace, Mode.BLUE),
        "From here on green must not be opened again: blue has newer data. An engine that is begun",
        "now carries nothing over it. `vgwm rollback start` finds every load balancer at blue, and",
        "notes what was done.",
        "",
    ]
    return "\n".join(lines)


def _risk(plan: RollbackPlan) -> Iterator[str]:
    risk = plan.risk
    known = "unknown: green's changes are not heard" if risk.silent_since_ns else ""
    told = known or f"{risk.writes} writes, {risk.deletes} deletes, {risk.size_bytes} bytes"
    yield f"At risk as this was printed: {told}."
    for title, names, total in (
        ("Stays behind", plan.lost_names, plan.lost),
        ("Cannot be carried", plan.uncarriable_names, risk.uncarriable),
    ):
        if total:
            yield f"{title}: {total} keys, such as {', '.join(names)}."
    yield from plan.notes
    yield ""


def _switch(facts: BackFacts, workspace: Workspace, mode: Mode) -> Iterator[str]:
    """Yield how every load balancer is brought to a mode: file first, then the running map."""
    lines = [f"/{bucket}/" for bucket in facts.buckets]
    yield f"Every load balancer to `{mode}`:"
    yield ""
    if facts.hook:
        yield from _shell([_hook(facts, mode)])
        return
    for one in workspace.traffic.haproxy:
        yield f"- {safe(one.name)}"
        yield ""
        yield from _shell(_commands(one, lines, mode) if lines else _all_lines(one, mode))
    told = f'`value="{mode}"`' if lines else f"`{mode}` in every line but `{OWNER_PATH}`"
    yield f"{_READ_BACK} {told}."
    yield ""


def _commands(one: Haproxy, lines: Sequence[str], mode: Mode) -> Iterator[str]:
    """Yield the commands for one HAProxy: its file, so that a reload keeps it; then its memory."""
    map_, socket = _quoted(one.map), _quoted(one.socket)
    for line in lines:
        yield f"sed -i 's|^{line} .*|{line} {mode}|' {map_} && sync {map_}"
        yield f"echo 'set map {safe(str(one.map))} {line} {mode}' | socat -t 2 - {socket}"
        yield f"echo 'get map {safe(str(one.map))} {line}' | socat -t 2 - {socket}"


def _all_lines(one: Haproxy, mode: Mode) -> Iterator[str]:
    """Yield the same for everything: each line of the map, for a bucket with its own has left `/`.

    What a person keeps beside them, comments and the owner, stays.
    """
    map_, name, socket = _quoted(one.map), safe(str(one.map)), _quoted(one.socket)
    owner = OWNER_PATH.replace(".", r"\.")
    yield rf"sed -E -i '\|^\s*{owner}\s|!s|^(\s*/\S*)\s.*|\1 {mode}|' {map_} && sync {map_}"
    paths = f"""awk '$2 ~ "^/" && $2 != "{OWNER_PATH}" {{print $2}}'"""
    told = f"""echo "set map {name} $line {mode}" | socat -t 2 - {socket}"""
    each = f"while read -r line; do {told}; done"
    yield f"echo 'show map {name}' | socat -t 2 - {socket} | {paths} | {each}"
    yield f"echo 'show map {name}' | socat -t 2 - {socket}"


def _drained(facts: BackFacts, workspace: Workspace) -> Iterator[str]:
    """Yield how the end of green's writes is waited for; beside a slice the others go on."""
    command, find = "show stat", "^green_w,BACKEND"
    if facts.buckets:
        command, find = "show sess", "be=green_w"
        yield "Write down the lines of this, and wait until each of them is gone (`src`, and `age`"
        yield "that grows): those are the writes that were under way. Others may come meanwhile."
    else:
        yield "Wait until no write is under way: in `green_w,BACKEND` columns `qcur` (3) and"
        yield "`scur` (5) are 0, and `stot` (8) stands still."
    yield ""
    yield from _shell(
        f"echo '{command}' | socat -t 2 - {_quoted(one.socket)} | grep {find}"
        for one in workspace.traffic.haproxy
    )


def _hook(facts: BackFacts, mode: Mode) -> str:
    slices = ",".join(f'"{bucket}"' for bucket in facts.buckets)
    told = (
        f'{{"v":1,"op":"set","mode":"{mode}","slices":[{slices}],'
        '"run":"by-hand","request_id":"by-hand"}'
    )
    return f"echo {shlex.quote(told)} | {shlex.join(facts.hook)}"


def _carry(facts: BackFacts, folder: Path) -> Iterator[str]:
    yield "## R2, R3 Carry green's writes, compare them"
    yield ""
    if facts.green is Green.DEAD:
        yield "Green is dead: nothing can be carried. The list of what stays behind is in the"
        yield "ledger; keep it, with green's disks, for salvage."
        yield ""
    yield "With an engine: `vgwm rollback start` does all of this. Without one, what green took and"
    yield "blue does not hold is in the ledger, table `greenlog`, rows with `st` 0 and 1:"
    yield ""
    query = (
        "SELECT CAST(name AS TEXT)||'/'||CAST(key AS TEXT),op,size"
        " FROM greenlog JOIN buckets USING(bid) WHERE st<>2"
    )
    yield from _shell([f"sqlite3 -readonly {_quoted(folder / 'ledger.db')} {shlex.quote(query)}"])


def _files(facts: BackFacts, folder: Path) -> Iterator[str]:
    if facts.wish.way is Way.FULL:
        yield "## Files of blue's gateway"
        yield ""
        yield f"From the newest folder `cutover-*` in {safe(str(folder / 'backups'))}; `set.json`"
        yield "in it names each copy. Compare before you copy:"
        yield ""
        for path, sha256 in facts.backups:
            yield f"- `{safe(path)}` sha256 `{sha256}`"
        yield ""
    if facts.wish.way is Way.DATA:
        yield "## Blue's tree"
        yield ""
        origin, to = shlex.quote(facts.wish.origin), shlex.quote(facts.wish.to)
        yield from _shell([f"rsync -aHAX {origin}/ {to}/"])
        yield "Without `-X` every attribute of S3 would be lost. Then let the gateway serve it."
        yield ""


def _gateways(workspace: Workspace) -> Iterator[str]:
    """Yield how each of blue's gateways is opened."""
    blues = [one for one in workspace.gateways if one.side == "blue"]
    for one in blues:
        if one.open:
            told = (
                f'{{"v":1,"op":"open","gateway":"{safe(one.name)}","side":"blue","slices":[],'
                '"run":"by-hand","request_id":"by-hand"}'
            )
            yield from _shell([f"echo {shlex.quote(told)} | {shlex.join(one.open)}"])
        yield f"Put, read and delete an object at {safe(one.address)} ({safe(one.name)})."
        yield ""


def _shell(commands: Sequence[str] | Iterator[str]) -> Iterator[str]:
    yield "```"
    yield from commands
    yield "```"
    yield ""


def _quoted(path: object) -> str:
    return shlex.quote(safe(str(path)))
