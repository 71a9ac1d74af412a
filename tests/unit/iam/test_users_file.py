"""users.json: what is read is written again as it was, and no error repeats what it holds (I9)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from core.iam.account import StoreKind
from core.iam.proof import prove
from core.iam.users_file import parse, read_store, render
from tests.unit.iam.accounts import account, store

if TYPE_CHECKING:
    from pathlib import Path

    from core.iam.account import Store

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
OTHER = st.recursive(st.none() | st.booleans() | st.integers() | TEXT, st.lists, max_leaves=4)


def parsed(raw: str) -> Store:
    return parse(raw.encode(), kind=StoreKind.USERS_JSON, where="users.json")


@given(st.dictionaries(TEXT, st.tuples(TEXT.filter(len), TEXT, OTHER), max_size=5))
def test_what_is_written_is_read_as_it_was(made: dict[str, tuple[str, str, object]]) -> None:
    accounts = [
        account(key, secret=secret, role=role, vendor=other)
        for key, (secret, role, other) in made.items()
    ]
    before = store(*accounts, version=7)
    text = render(before)
    after = parsed(text)
    assert render(after) == text
    assert prove(before, after).holds
    told = json.loads(text)
    assert told["version"] == 7
    assert list(told["accessAccounts"].values()) == [
        one for _, one in sorted((str(one["access"]), one) for one in accounts)
    ]


def test_it_is_written_as_the_gateway_writes_it() -> None:
    text = (
        '{"accessAccounts":{"AKA":{"access":"AKA","secret":"s\\"\\u003c\\u0026\\u003eé\\u2028x",'
        '"role":"user","userID":12,"groupID":0,"projectID":0}}}'
    )
    assert render(parsed(text)) == text


def test_accounts_of_gateways_before_1_0_19_stay_without_a_project() -> None:
    text = (
        '{"accessAccounts":{"A":{"access":"A","secret":"s","role":"user","userID":1,"groupID":2}}}'
    )
    assert render(parsed(text)) == text


@pytest.mark.parametrize("text", ['{"accessAccounts":{}}', '{"accessAccounts":null}'])
def test_a_new_gateways_file_holds_no_account(text: str) -> None:
    assert parsed(text).accounts == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no JSON"),
        ('{"accessAccounts":', "no JSON"),
        ('\ufeff{"accessAccounts":{}}', "no JSON"),
        ("[]", "no JSON"),
        ('{"accessAccounts":{"A":"pl4nted"}}', "no JSON"),
        ('{"accounts":{}}', "no accessAccounts"),
        ('{"users":[{"secret":"pl4nted"}],"groups":[]}', "AWS-style"),
        ('{"accessKeyIndex":{"pl4nted":1}}', "AWS-style"),
        ('{"accessAccounts":{"A":{"access":"A","secret":"pl4nted","secret":"x"}}}', "secret twice"),
        ('{"accessAccounts":{"A":{},"A":{"secret":"pl4nted"}}}', "A twice"),
        ('{"accessAccounts":{"A":{"Access":"A","secret":"pl4nted"}}}', "Access, not spelled"),
        ('{"accessAccounts":{"A":{"\u017fecret":"pl4nted"}}}', "ecret, not spelled"),
        ('{"accessAccounts":{},"AccessAccounts":{"A":{}}}', "AccessAccounts, not spelled"),
        pytest.param("[" * 100_000, "no JSON", id="deep lists"),
        ('{"accessAccounts":{"A":{"secret":"pl4nted\\q"}}}', "no JSON"),
    ],
)
def test_another_file_is_refused_and_not_repeated(text: str, says: str) -> None:
    with pytest.raises(BadInput) as caught:
        parsed(text)
    assert says in caught.value.what
    assert "pl4nted" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("key", ["Access", "ROLE", "UserId", "AccessAccounts"])
def test_an_access_key_may_be_what_a_member_is_called(key: str) -> None:
    text = f'{{"accessAccounts":{{"{key}":{{"access":"{key}","secret":"s","role":"user"}}}}}}'
    assert render(parsed(text)) == text


def test_a_name_twice_behind_many_others_is_found_in_one_look() -> None:
    """Counted name by name, 300,000 accounts would take half an hour."""
    many = ",".join(f'"A{n}":{{}}' for n in range(300_000))
    with pytest.raises(BadInput, match="Z twice"):
        parsed(f'{{"accessAccounts":{{{many},"Z":{{}},"Z":{{}}}}}}')


def test_users_json_is_preferred_and_its_backup_never_taken(tmp_path: Path) -> None:
    (tmp_path / "users.json.backup").write_text('{"accessAccounts":{"OLD":{}}}')
    with pytest.raises(BadInput, match="backup"):
        read_store(tmp_path)
    (tmp_path / "iam.json").write_text('{"accessAccounts":{"B":{"access":"B"}}}')
    assert [one.key for one in read_store(tmp_path).accounts] == ["B"]
    (tmp_path / "users.json").write_text('{"accessAccounts":{"A":{"access":"A"}}}')
    (tmp_path / "users.json").chmod(0o640)
    found = read_store(tmp_path)
    assert ([one.key for one in found.accounts], found.mode) == (["A"], 0o640)


def test_a_secret_stands_in_no_text_form_of_an_account() -> None:
    assert "pl4nted" not in repr(store(account("A", secret="pl4nted-secret-9")))  # noqa: S106 - planted
