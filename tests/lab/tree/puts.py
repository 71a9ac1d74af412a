"""What is written: a list of values, the same in every run."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

KIB = 1024
MIB = 1024 * KIB
BULK = 1_950

ODD_KEYS = (
    "plain.txt",
    "with space/ lead",
    "with space/trail ",
    "dot.",
    ".hidden",
    "...",
    "-dash",
    "~tilde",
    "CASE",
    "case",
    "order/x",  # a plain walk yields it before the next two, S3 after
    "order.b",
    "order-b",
    "orders",
    "nfc-\u00e9/caf\u00e9",
    "nfd-e\u0301/cafe\u0301",
    "caf\u00e9",
    "cafe\u0301",
    "日本語/キー",
    "\U0001f5c2/\U0001f4c4.txt",
    "عربى",
    "tab\tin",
    "new\nline",
    "carriage\rreturn",
    "control\x01\x02\x1b[31m",
    "delete\x7f",
    "bidi\u202egnp.exe",
    "zero\u200bwidth\u200d",
    "line\u2028separator",
    "nonchar\ufffe",
    "private\ue000",
    "c1\u0085next",
    "quote\"'`",
    "back\\slash",
    "percent%2Fkey",
    "percent%",
    "plus+sign",
    "query?a=1&b=2#frag",
    "<xml>&amp;",
    "*glob?[a-z]{x}|^",
    "semi;colon:comma,equals=",
    "$(touch x)",
    "c" * 255,
    "/".join(["l" * 255] * 4),  # 1,023 bytes; S3 allows 1,024
    "é" * 127,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """One write. options: arguments of boto3's put_object, by its names.

    part_sizes: not empty for a multipart upload; part_numbers may have gaps.
    algorithm: a checksum that the client sends; "" lets the gateway make its own.
    """

    bucket: str
    key: str
    body: bytes
    options: dict[str, object] = field(default_factory=dict)
    algorithm: str = "CRC32"
    part_sizes: tuple[int, ...] = ()
    part_numbers: tuple[int, ...] = ()


def body(seed: str, size: int) -> bytes:
    """Return bytes that nothing else in the tree has."""
    return hashlib.shake_128(seed.encode()).digest(size)


def all_puts() -> Iterator[Put]:
    """Yield everything but histories: at least 2,000 objects in three buckets."""
    yield from _bulk()
    yield from _odd_keys()
    yield from _sizes()
    yield from _headers()
    yield from _checksums()
    yield from _directories()
    yield from _multipart()


def _bulk() -> Iterator[Put]:
    for i in range(BULK):
        key = f"year=20{i % 24:02}/day-{i % 7}/object-{i:05}.bin"
        user = {"Metadata": {"batch": str(i % 9), "n": str(i)}} if i % 5 == 0 else {}
        yield Put(bucket="lab-bulk", key=key, body=body(key, (i * 37) % 4_096), options={**user})


def _odd_keys() -> Iterator[Put]:
    for key in ODD_KEYS:
        yield Put(bucket="lab-odd", key=key, body=body(key, 100 + len(key)))


def _sizes() -> Iterator[Put]:
    for size in (0, 1, 4_096, MIB - 1, MIB, MIB + 1, 2 * MIB + 5, 9 * MIB + 17):
        yield Put(bucket="lab-sizes", key=f"size/{size}", body=body(f"size {size}", size))
    same = body("twice", 3_000)
    yield Put(bucket="lab-sizes", key="same/a", body=same)
    yield Put(bucket="lab-sizes", key="same/b", body=same)


def _headers() -> Iterator[Put]:
    each: dict[str, dict[str, object]] = {
        "type": {"ContentType": "text/html; charset=utf-8"},
        "encoding": {"ContentEncoding": "gzip"},
        "language": {"ContentLanguage": "de, en"},
        "disposition": {"ContentDisposition": 'attachment; filename="a b.txt"'},
        "cache": {"CacheControl": "max-age=60, private"},
        "expires": {"Expires": datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)},
        "redirect": {"WebsiteRedirectLocation": "/other"},
        "user": {"Metadata": {"foo": "Bar", "k-2": "v<2>&", "empty": "", "quote": 'a"b\\c'}},
        "tags": {"Tagging": "team=ops&t%202=v%202&uni=%C3%A9&empty="},
    }
    everything: dict[str, object] = {}
    for name, options in each.items():
        everything |= options
        yield Put(bucket="lab-odd", key=f"headers/{name}", body=name.encode(), options=options)
    yield Put(bucket="lab-odd", key="headers/all", body=b"all", options=everything)


def _checksums() -> Iterator[Put]:
    for algorithm in ("", "CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"):
        yield Put(
            bucket="lab-odd",
            key=f"checksum/{algorithm or 'none'}",
            body=body(algorithm, 5_000),
            algorithm=algorithm,
        )


def _directories() -> Iterator[Put]:
    options: dict[str, object] = {"Metadata": {"kind": "directory"}, "Tagging": "d=1"}
    yield Put(bucket="lab-odd", key="directory/", body=b"", options=options)
    yield Put(bucket="lab-odd", key="directory/child", body=b"child")
    yield Put(bucket="lab-odd", key="directory/empty/", body=b"")


def _multipart() -> Iterator[Put]:
    uploads = (
        ("full", "CRC64NVME", (5 * MIB + 11, 5 * MIB, 3), (1, 2, 3)),
        ("composite", "SHA256", (5 * MIB, 7), (1, 2)),
        ("gaps", "CRC32", (5 * MIB + 1, 6 * MIB - 1, 1), (2, 5, 9)),
        ("one-part", "", (17,), (1,)),
        ("twenty", "CRC32C", (7 * MIB + 3, 8 * MIB - 5, 5 * MIB + 999), (1, 2, 3)),
    )
    for name, algorithm, sizes, numbers in uploads:
        yield Put(
            bucket="lab-sizes",
            key=f"multipart/{name}",
            body=body(name, sum(sizes)),
            options={"ContentType": "video/x", "Metadata": {"parts": str(len(sizes))}},
            algorithm=algorithm,
            part_sizes=sizes,
            part_numbers=numbers,
        )
