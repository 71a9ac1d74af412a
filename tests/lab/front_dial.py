"""What the green front is told to do, beside its settings: a file, and a word that it changed.

As a program it is the `fence`, `open` and `state` of vgwm.yaml's `gateways` for the front:
`front_dial.py FOLDER URL OP`, a JSON object with the buckets on stdin, one with the state on
stdout. Only the standard library, so that it starts from anywhere.

The file outlives the front: one that is started again is fenced as before. The front answers the
word only when no write is under way that began before.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

EVERYTHING = "*"
RELOAD = "/.lab/reload"
LIMIT_S = 20


@dataclass(frozen=True)
class Dial:
    """answer: "" as usual, "errors" 500 to S3, "sick" to /health as well.

    fenced: names of buckets that take no writes, or `*` for all. lacks: `copy`, `multipart`, `tag`:
    what it does not do any more.
    """

    answer: str = ""
    delay_s: float = 0
    fenced: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()

    def holds(self, bucket: str) -> bool:
        """Tell whether a bucket takes no writes."""
        return EVERYTHING in self.fenced or bucket in self.fenced


def dial(folder: Path) -> Dial:
    """Return what the front of this folder is told to do."""
    path = folder / "dial.json"
    if not path.exists():
        return Dial()
    told = json.loads(path.read_text())
    return Dial(
        answer=str(told["answer"]),
        delay_s=float(told["delay_s"]),
        fenced=tuple(str(name) for name in told["fenced"]),
        lacks=tuple(str(name) for name in told["lacks"]),
    )


def turn(  # noqa: PLR0913 - what the dial holds
    folder: Path,
    *,
    url: str,
    answer: str | None = None,
    delay_s: float | None = None,
    fenced: tuple[str, ...] | None = None,
    lacks: tuple[str, ...] | None = None,
) -> None:
    """Change what is given, durably, and wait until a front that lives does it."""
    now = dial(folder)
    new = replace(
        now,
        answer=now.answer if answer is None else answer,
        delay_s=now.delay_s if delay_s is None else delay_s,
        fenced=now.fenced if fenced is None else fenced,
        lacks=now.lacks if lacks is None else lacks,
    )
    path = folder / "dial.json"
    beside = path.with_suffix(".new")
    with beside.open("w") as file:
        json.dump(asdict(new), file)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    _reload(url)


def _reload(url: str) -> None:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=LIMIT_S)
    try:
        connection.request("POST", RELOAD)
        status = connection.getresponse().status
    except ConnectionError:
        return  # nobody there: it reads the file when it starts
    finally:
        connection.close()
    if status != http.client.NO_CONTENT:
        sys.exit(f"the front answered {status}")


def main() -> None:
    """Do one operation on the front's fence and print in which state that leaves it."""
    folder, url, op = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    told = json.load(sys.stdin)
    buckets = tuple(str(name) for name in told.get("slices") or (EVERYTHING,))
    now = dial(folder).fenced
    if op == "fence":
        turn(folder, url=url, fenced=tuple(sorted({*now, *buckets})))
    elif op == "open":
        left = () if buckets == (EVERYTHING,) else tuple(n for n in now if n not in buckets)
        turn(folder, url=url, fenced=left)
    after = dial(folder)
    held = {after.holds(name) for name in buckets}
    if len(held) > 1 or (buckets == (EVERYTHING,) and after.fenced and not after.holds(EVERYTHING)):
        sys.exit("the fence stands in part")
    print(json.dumps({"v": 1, "state": "fenced" if held == {True} else "open"}))  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
