from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config.knobs import DEFAULTS, SPECS, Knobs, changed, spec_of
from core.errors import BadInput
from core.model import MIB

OTHERS = {
    "workers": "5",
    "batch_size": "500",
    "bundle_bytes": "64MiB",
    "retry_attempts": "0",
    "retry_delay": "500ms",
    "timeout": "1h",
    "large_threshold": "1GiB",
    "segment_size": "32MiB",
    "segment_concurrency": "1",
    "etag": "trust",
    "inflight_bytes": "1GiB",
    "node_bundles": "4",
    "bandwidth": "50MiB/s",
    "windows": "mon-fri 19:00-07:00=20MiB/s, sat-sun 00:00-24:00",
    "pin_inflight": "128",
    "pin_queue_max": "10",
    "source_p99_max": "250ms",
    "autotune": "on",
    "round_interval": "10s",
    "freeze_budget": "90s",
    "reverse_interval": "2s",
    "watch_window": "3h",
    "max_delete": "50",
}


def test_every_field_is_a_knob_and_every_knob_a_field() -> None:
    assert [f.name for f in fields(Knobs)] == [spec.name for spec in SPECS] == list(OTHERS)


@pytest.mark.parametrize("name", OTHERS)
def test_a_knobs_text_reads_back(name: str) -> None:
    assert DEFAULTS.with_value(name, DEFAULTS.text(name)) == DEFAULTS
    other = DEFAULTS.with_value(name, OTHERS[name])
    assert other.text(name) == OTHERS[name]
    assert DEFAULTS.with_values(changed(other)) == other


@given(st.sampled_from(list(OTHERS)), st.text(max_size=12))
def test_any_text_is_a_value_within_bounds_or_a_refusal_that_names_them(
    name: str, text: str
) -> None:
    refusal = None
    knobs = DEFAULTS
    try:
        knobs = DEFAULTS.with_value(name, text)
    except BadInput as e:
        refusal = (e.where, e.remedy)
    assert refusal in (None, (f"knob {name}", f"Accepted: {spec_of(name).kind.bounds}."))
    assert DEFAULTS.with_value(name, knobs.text(name)) == knobs


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("workers", "257"),
        ("workers", "-1"),
        ("workers", "٣"),
        ("workers", "1" * 5000),
        ("batch_size", "0"),
        ("bundle_bytes", "134217728"),
        ("segment_size", "1000000B"),
        ("segment_size", "1.5MiB"),
        ("timeout", "1s"),
        ("bandwidth", "1KiB/s"),
        ("bandwidth", "none"),
        ("etag", "maybe"),
        ("windows", "22:00"),
        ("source_p99_max", "0s"),
        ("autotune", "yes"),
    ],
)
def test_values_out_of_bounds_are_refused(name: str, text: str) -> None:
    with pytest.raises(BadInput):
        DEFAULTS.with_value(name, text)


def test_the_defaults_are_the_guides() -> None:
    assert (DEFAULTS.workers, DEFAULTS.batch_size, DEFAULTS.retry_attempts) == (10, 1000, 3)
    assert (DEFAULTS.large_threshold, DEFAULTS.segment_size) == (104857600, 67108864)
    assert (DEFAULTS.retry_delay, DEFAULTS.timeout, DEFAULTS.segment_concurrency) == (5, 300, 5)
    assert DEFAULTS.bundle_bytes == 128 * MIB
    assert changed(DEFAULTS) == {}


def test_an_unknown_knob_names_the_nearest() -> None:
    with pytest.raises(BadInput, match="Did you mean workers"):
        DEFAULTS.with_value("worker", "1")
    with pytest.raises(BadInput, match="Knobs: workers"):
        spec_of("\x1b")


def test_several_knobs_are_set_all_or_none() -> None:
    assert DEFAULTS.with_values({"workers": "2", "etag": "off"}).etag == "off"
    with pytest.raises(BadInput):
        DEFAULTS.with_values({"workers": "2", "etag": "0"})


def test_every_knob_says_its_default_its_bounds_and_its_use() -> None:
    for spec in SPECS:
        assert spec.kind.parse(spec.default) == getattr(DEFAULTS, spec.name)
        assert spec.use.endswith(".")
        assert spec.kind.bounds
    assert spec_of("bandwidth").default == "off"
