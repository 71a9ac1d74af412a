"""The least that reading bytes again takes, as programs: files hashed, or objects fetched singly.

`bare_bytes files FOLDER N OF PASSES`: the N-th of OF shares of a folder's files, read and hashed as
they are. `blocks` in place of `files`: each block of these CARs hashed by itself, and compared with
its CID. `bare_bytes cat LIST N OF`: the same of a list's lines, `URL CID`, by `cat` over kept
connections; what comes is counted, and hashed by nobody.
"""

from __future__ import annotations

import hashlib
import http.client
import mmap
import os
import sys
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from tests.bench.program import serve

MIB: Final = 1 << 20
HEADER, CID = 59, 36


def hash_files(folder: str, number: int, of: int, passes: int) -> dict[str, float]:
    """Read and hash whole files; return how many, and their bytes."""
    buffer = memoryview(mmap.mmap(-1, MIB))
    paths = sorted(os.scandir(folder), key=lambda entry: entry.name)[number::of]
    size_bytes = 0
    for _ in range(passes):
        for entry in paths:
            fd = os.open(entry.path, os.O_RDONLY)
            whole = hashlib.sha256()
            while n := os.readv(fd, [buffer]):
                whole.update(buffer[:n])
                size_bytes += n
            whole.digest()
            os.close(fd)
    return {"files": len(paths) * passes, "size_bytes": size_bytes}


def hash_blocks(folder: str, number: int, of: int, passes: int) -> dict[str, float]:
    """Read CARs as a whole, hash each block to its CID; return how many, and the files' bytes."""
    paths = sorted(os.scandir(folder), key=lambda entry: entry.name)[number::of]
    blocks = size_bytes = 0
    for _ in range(passes):
        for entry in paths:
            blocks += _blocks(Path(entry.path).read_bytes())
            size_bytes += entry.stat().st_size
    return {"blocks": blocks, "size_bytes": size_bytes}


def _blocks(car: bytes) -> int:
    view, sha, blocks, at, end = memoryview(car), hashlib.sha256, 0, HEADER, len(car)
    while at < end:
        length = shift = 0
        while True:
            byte = car[at]
            at += 1
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        stop = at + length
        if sha(view[at + CID : stop]).digest() != car[at + 4 : at + CID]:
            raise ValueError(f"a block at byte {at} is not its CID's")
        blocks += 1
        at = stop
    return blocks


def cat(list_path: str, number: int, of: int) -> dict[str, float]:
    """Fetch objects one by one; return how many, and their bytes."""
    connections: dict[str, http.client.HTTPConnection] = {}
    objects = size_bytes = 0
    for line in Path(list_path).read_text().splitlines()[number::of]:
        url, cid = line.split()
        if url not in connections:
            parts = urlsplit(url)
            connections[url] = http.client.HTTPConnection(parts.hostname or "", parts.port)
        connection = connections[url]
        connection.request("POST", f"/api/v0/cat?arg={cid}&offline=true")
        answer = connection.getresponse()
        body = answer.read()
        if answer.status == http.client.OK:
            objects += 1
            size_bytes += len(body)
    return {"objects": objects, "size_bytes": size_bytes}


def main(words: list[str]) -> None:
    what, path, *numbers = words
    number, of, *rest = map(int, numbers)
    if what == "cat":
        serve(lambda: cat(path, number, of))
    else:
        work = hash_blocks if what == "blocks" else hash_files
        serve(lambda: work(path, number, of, rest[0]))


if __name__ == "__main__":
    main(sys.argv[1:])
