"""The EnvironmentFile read as systemd reads it, and the round trip of conversions: properties."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.config.legacy import output, reading
from core.config.legacy.context import Context
from core.config.legacy.conversion import convert
from core.config.legacy.environment import parse_environment, write_environment
from core.config.legacy.keys import BY_NAME
from core.config.legacy.proving import prove
from core.config.legacy.row import State
from core.config.legacy.sanitizing import sanitize
from core.config.legacy.showing import Shown
from core.config.legacy.values import go_int
from core.config.yaml_text import read_mapping, write_mapping
from core.errors import BadInput
from tests.unit.config import systemd_reader
from tests.unit.config.legacy_case import FULL, Plain

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True, scope="module")
def _nothing_is_remembered() -> Iterator[None]:
    """Keep these secrets from the redactor: it would take them out of other tests' texts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("core.config.secret.remember", lambda _value: None)
        yield


NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,12}", fullmatch=True)
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=24)
PAIRS = st.lists(st.tuples(NAMES, TEXT), max_size=6)
HARD = st.text(alphabet="Ab=# ;'\"\\\n\r\t$`", max_size=40)
KNOWN = st.sampled_from(sorted(set(BY_NAME) - {"VGW_BACKEND", "VGW_BACKEND_ARG"}))
CONFIG = st.lists(
    st.tuples(st.one_of(KNOWN, NAMES), st.one_of(TEXT, st.sampled_from(["", "1", "/a", "x y"]))),
    max_size=8,
)
CONTEXT = Context(destination=FULL)


@given(HARD)
@settings(max_examples=400)
def test_a_file_is_read_as_systemd_reads_it(text: str) -> None:
    found = [(entry.name, entry.value) for entry in parse_environment(text).entries]
    assert found == systemd_reader.read(text)


@given(PAIRS)
def test_what_is_written_reads_back(pairs: list[tuple[str, str]]) -> None:
    parsed = parse_environment(write_environment(pairs))
    assert [(entry.name, entry.value) for entry in parsed.entries] == pairs
    assert not parsed.oddities
    assert not [entry.fault for entry in parsed.entries if entry.fault]


@given(PAIRS)
@settings(max_examples=15)
def test_a_shell_reads_what_is_written_as_systemd_does(pairs: list[tuple[str, str]]) -> None:
    wanted = {f"X{name}": value for name, value in pairs}
    # the shell itself shows a value by printf: what it read, byte by byte
    script = write_environment(wanted.items())
    script += "".join(f'printf "%s\\0" "${name}"\n' for name in wanted)
    done = subprocess.run(["/bin/sh", "-s"], input=script.encode(), capture_output=True, check=True)
    assert done.stdout.decode().split("\0")[:-1] == list(wanted.values())


@given(CONFIG)
@settings(max_examples=50)
def test_a_conversion_makes_the_round_trip(pairs: list[tuple[str, str]]) -> None:
    raw = write_environment([("VGW_BACKEND", "posix"), ("VGW_BACKEND_ARG", "/gw"), *pairs]).encode()
    legacy = reading.read(raw, where="old")
    rows = convert(legacy, CONTEXT)
    assert [p.state for p in prove(rows, legacy, lambda: convert(legacy, CONTEXT))] == ["pass"] * 3
    env, yaml = output.env_text(rows), output.yaml_text(rows)
    assert write_mapping(read_mapping(yaml, where="yaml")) == yaml
    assert env == output.env_text(convert(legacy, CONTEXT))
    # each assignment has one row, and whatever is effective and carried keeps its value
    assert len([row for row in rows if row.name]) == len(pairs) + 2
    effective = dict(pairs)
    read = {entry.name: entry.value for entry in parse_environment(env).entries}
    for row in rows:
        if row.env_name == row.name != "" and row.state in (State.SAME, State.UNKNOWN):
            assert read[row.name] == effective[row.name]


@given(CONFIG)
@settings(max_examples=50)
def test_i9_no_secret_of_any_configuration_is_shown(pairs: list[tuple[str, str]]) -> None:
    planted = "pl4nted-s3cret"
    names = ("ROOT_SECRET_KEY", "VGW_IPA_PASSWORD", "SOME_TOKEN")
    raw = write_environment([*pairs, *((name, planted) for name in names)]).encode()
    legacy = reading.read(raw, where="old")
    rows = convert(legacy, CONTEXT)
    shown = Shown(Plain(), [row.old for row in rows if row.secret])
    texts = [*shown.old(legacy), *shown.env(rows), *shown.yaml(output.yaml_text(rows))]
    texts += [shown.value(row.old, secret=row.secret) for row in rows]
    assert planted not in "\n".join(texts)
    assert planted not in output.yaml_text(rows)
    clean = sanitize(raw, Plain(), where="old")
    assert planted not in clean.text


@given(st.binary(max_size=200))
def test_junk_is_refused_or_read_and_never_a_fault(raw: bytes) -> None:
    try:
        legacy = reading.read(raw, where="old")
        convert(legacy, CONTEXT)
    except BadInput:
        return


@given(st.integers(-(2**63) + 1, 2**63 - 1))
def test_whole_numbers_are_read_with_every_prefix_of_go(number: int) -> None:
    sign, size = ("-" if number < 0 else ""), abs(number)
    spelled = (f"{sign}{size}", f"{sign}0x{size:x}", f"{sign}0o{size:o}", f"{sign}0b{size:b}")
    assert {go_int(one) for one in spelled} == {number}
    assert go_int(f"{sign}0{size:o}") == number


def test_go_refuses_what_is_no_number() -> None:
    for text in ("", "08", "1__0", "_1", "1_", "0x", "1e3", "\u0661", " 1", "9223372036854775808"):
        assert go_int(text) is None, text


def test_a_value_of_a_million_escapes_is_read_in_one_pass() -> None:
    """Measured anew at each backslash, it would take an hour."""
    legacy = reading.read(b"X=" + rb"\a" * 1_000_000 + b" \\  \n", where="old")
    assert legacy.entries[0].value == "a" * 1_000_000 + "  "
