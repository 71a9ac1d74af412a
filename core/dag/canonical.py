"""Canonical JSON: keys sorted, no spaces, raw UTF-8, no NaN. Equal values have equal texts."""

from __future__ import annotations

import json
from json.encoder import encode_basestring

json_string = encode_basestring
"""json_string(s) -> s as a JSON string with quotes, escaped as `dumps` does: for hot paths."""


def dumps(value: object) -> str:
    """Return the canonical JSON of a value; ValueError for NaN and infinities.

    value: made of dict with text keys, list, str, int, float, bool, None.
    """
    return json.dumps(
        value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
    )


def read(text: str | bytes) -> object:
    """Return what somebody else's JSON says; ValueError for what `dumps` could not write as UTF-8.

    So none are NaN and infinities, lone surrogates, and what is nested deeper than can be followed.
    """
    try:
        value: object = json.loads(text)
        dumps(value).encode()
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    return value
