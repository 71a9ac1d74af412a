"""Each file of `cases/`: rows, reasons, both new files, and what is never shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.config.legacy.row import State
from core.errors import BadInput
from tests.unit.config.legacy_case import Done, at, done, line, load, names, work

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = names()


@pytest.fixture(autouse=True, scope="module")
def _nothing_is_remembered() -> Iterator[None]:
    """Keep these secrets from the redactor: it would take them out of other tests' texts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("core.config.secret.remember", lambda _value: None)
        yield


@pytest.fixture(autouse=True)
def _a_secret_of_a_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VGWM_CASE_SECRET", "from-the-environment")


def test_there_are_at_least_sixty_cases() -> None:
    assert len(NAMES) >= 60


@pytest.mark.parametrize("name", NAMES)
def test_a_configuration_becomes_what_its_case_says(name: str) -> None:
    case = load(name)
    if case.error:
        with pytest.raises(BadInput) as refused:
            work(case)
        text = f"{refused.value.what} {refused.value.where} {refused.value.remedy}"
        assert case.error in text
        assert not [one for one in case.hidden if one in text]
        return
    found = done(name)
    _same_rows(case.rows, found)
    _same_reasons(case.reasons, found)
    env = dict(found.env)
    assert len(env) == len(found.env), "a name stands twice in the env file"
    assert {name: env.get(name) for name in case.env} == case.env
    if case.env_last:
        assert found.env[-1][0] == case.env_last
    assert {name: found.tree[name] for name in case.yaml} == case.yaml
    assert {path: at(found.tree, path) for path in case.yaml_at} == case.yaml_at
    if case.yaml_unknown:
        assert at(found.tree, "legacy.unknown") == case.yaml_unknown
    if case.writable is not None:
        assert case.writable == all(row.state is not State.PROBLEM for row in found.rows)
    assert not [one for one in case.hidden if one in found.shown]


@pytest.mark.parametrize("name", NAMES)
def test_i9_no_secret_of_a_case_is_shown(name: str) -> None:
    case = load(name)
    if case.error:
        return
    found = done(name)
    assert all(one.isprintable() for one in found.shown.split("\n"))
    secrets = {row.old for row in found.rows if row.secret and len(row.old) >= 4}
    assert not [one for one in secrets if one in found.shown]
    # also a short one, and one whose quoted spelling is another: in the old file and the new one
    lines = found.shown.split("\n")
    for row in found.rows:
        if row.secret and row.old:
            named = row.name.rpartition(".")[2]
            both = 1 + (row.env_name == named and row.env_value == row.old)
            assert lines.count(f"{named}=[secret 0000]") >= both
    # what the old file repeats elsewhere in clear is carried there; it is shown by its mark
    clear = "\n".join(row.old for row in found.rows if not row.secret)
    assert not [one for one in secrets if one in repr(found.tree) and one not in clear]


def _same_rows(wanted: list[str], found: Done) -> None:
    rows = [line(row) for row in found.rows]
    assert [one for one in wanted if one not in rows] == [], "\n".join(rows)


def _same_reasons(wanted: dict[str, str], found: Done) -> None:
    for name, part in wanted.items():
        reasons = [row.reason for row in found.rows if name in (row.name, row.path)]
        assert any(part in reason for reason in reasons), (name, reasons)
