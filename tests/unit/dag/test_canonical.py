"""JSON that somebody else wrote: read where we could write it again, else refused."""

from __future__ import annotations

import pytest

from core.dag.canonical import dumps, read


def test_what_is_read_can_be_written_again() -> None:
    assert dumps(read(b' {"b": [1, 2.5, null, true], "a": "\\u00e9"} ')) == (
        '{"a":"é","b":[1,2.5,null,true]}'
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        b"\xff",
        b'"\xff"',
        "NaN",
        '{"a":-Infinity}',
        "1e999",
        '"\\ud800"',
        '{"\\ud800":1}',
        pytest.param("[" * 100_000, id="deep lists"),
        pytest.param('{"a":' * 100_000, id="deep objects"),
        pytest.param("1" * 5_000, id="a long number"),
    ],
)
def test_what_could_not_be_written_again_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(text)
