"""`make rehearse`: there and back on loopback, with real servers, and what was measured.

Needs what tests/real needs: Go or VGWM_TOOLS, haproxy, root for the fence's mounts. Everything
lies below one temporary folder, which is removed at the end unless something did not hold. With
--keep it stays in any case, with the journal of every attempt.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.lab import tools
from tests.lab.missing import LabError, Missing
from tests.lab.rehearsal.ground import ground
from tests.lab.rehearsal.story import Story
from tests.lab.rehearsal.whole import table, there_and_back, wrong

KEEP = "--keep"


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - this is a command


def main() -> int:
    """Rehearse; 0 if everything held, 1 if not, 4 if something is missing here."""
    root = Path(tempfile.mkdtemp(prefix="vgwm-"))
    began_s = time.monotonic()
    try:
        with ground(root, tools.find(), forked=False) as made:
            say(f"both sides are up after {time.monotonic() - began_s:.0f} s")
            story = Story(made, seed=int(time.time()), say=say)
            try:
                there_and_back(story)
            finally:
                story.journal.save(root / "attempts.ndjson")
            table(story.figures, say)
            problems = wrong(story)
    except Missing as missing:
        say(f"NOT REHEARSED: {missing}")
        shutil.rmtree(root)
        return 4
    except LabError as error:
        say(f"the rehearsal stopped: {error}\nlogs and journals: {root}")
        return 1
    if problems:
        say("\n".join(f"DOES NOT HOLD: {one}" for one in problems) + f"\nlogs, journals: {root}")
        return 1
    if KEEP in sys.argv:
        say(f"logs, journals: {root}")
    else:
        shutil.rmtree(root)
    say(f"everything held, in {time.monotonic() - began_s:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
