"""Each file of `cases/`: rows, reasons, both new files, and what is never shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.config.legacy.row import State
from core.errors import BadInput
from tests.unit.config.legacy_case import Done, at, line, load, names, work

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
    done = work(case)
    _same_rows(case.rows, done)
    _same_reasons(case.reasons, done)
    env = dict(done.env)
    assert len(env) == len(done.env), "a name stands twice in the env file"
    assert {name: env.get(name) for name in case.env} == case.env
    if case.env_last:
        assert done.env[-1][0] == case.env_last
    assert {name: done.tree[name] for name in case.yaml} == case.yaml
    assert {path: at(done.tree, path) for path in case.yaml_at} == case.yaml_at
    if case.yaml_unknown:
        assert at(done.tree, "legacy.unknown") == case.yaml_unknown
    if case.writable is not None:
        assert case.writable == all(row.state is not State.PROBLEM for row in done.rows)
    assert not [one for one in case.hidden if one in done.shown]


@pytest.mark.parametrize("name", NAMES)
def test_i9_no_secret_of_a_case_is_shown(name: str) -> None:
    case = load(name)
    if case.error:
        return
    done = work(case)
    assert all(one.isprintable() for one in done.shown.split("\n"))
    secrets = {row.old for row in done.rows if row.secret and len(row.old) >= 4}
    assert not [one for one in secrets if one in done.shown]
    # what the old file repeats elsewhere in clear is carried there; it is shown by its mark
    clear = "\n".join(row.old for row in done.rows if not row.secret)
    assert not [one for one in secrets if one in repr(done.tree) and one not in clear]


def _same_rows(wanted: list[str], done: Done) -> None:
    found = [line(row) for row in done.rows]
    assert [one for one in wanted if one not in found] == [], "\n".join(found)


def _same_reasons(wanted: dict[str, str], done: Done) -> None:
    for name, part in wanted.items():
        reasons = [row.reason for row in done.rows if name in (row.name, row.path)]
        assert any(part in reason for reason in reasons), (name, reasons)
