"""`iam check`: each rule at its border, and a sound store without a finding."""

from __future__ import annotations

import pytest

from core.iam.account import StoreKind
from core.iam.checking import Named, check
from core.iam.users_file import parse
from tests.unit.iam.accounts import account, store


def rules(*accounts: dict[str, object], root: str = "ROOT", mode: int = 0o600) -> list[str]:
    return [f"{one.level}:{one.rule}" for one in check(store(*accounts, mode=mode), root=root)]


def test_sound_accounts_of_every_role_have_no_finding() -> None:
    sound = [account(f"A{role}", role=role) for role in ("admin", "userplus", "user")]
    assert rules(*sound, account("Z", userID=0, groupID=9_223_372_036_854_775_807)) == []


@pytest.mark.parametrize(
    ("members", "rule"),
    [
        ({"role": "root"}, "fail:role"),
        ({"role": "Admin"}, "fail:role"),
        ({"role": None}, "fail:role"),
        ({"secret": ""}, "fail:empty-secret"),
        ({"secret": None}, "fail:empty-secret"),
        ({"secret": 7}, "fail:empty-secret"),
        ({"userID": -1}, "fail:id"),
        ({"groupID": 1.0}, "fail:id"),
        ({"projectID": "7"}, "fail:id"),
        ({"userID": None}, "fail:id"),
    ],
)
def test_what_no_gateway_serves_is_a_fail(members: dict[str, object], rule: str) -> None:
    assert rules(account("A", **members)) == [rule]


@pytest.mark.parametrize("access", ["a/b", "a,b", "a=b", "a b", "a\tb"])
def test_an_access_key_that_cannot_sign_is_a_fail(access: str) -> None:
    assert rules(account(access)) == ["fail:access-characters"]


def test_a_key_that_is_not_its_accounts_access_key_is_a_fail() -> None:
    raw = b'{"accessAccounts":{"A":{"access":"B","secret":"s","role":"user"}}}'
    (found,) = check(parse(raw, kind=StoreKind.USERS_JSON, where="users.json"))
    assert (found.rule, found.access) == ("key-not-access", "A")
    assert "is B" in found.evidence


def test_an_account_under_the_root_accounts_key_is_a_fail() -> None:
    assert rules(account("ROOT")) == ["fail:root-account"]
    assert rules(account("ROOT"), root="") == []


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o400, 0o700])
def test_another_mode_than_0600_is_a_fail(mode: int) -> None:
    assert rules(account("A"), mode=mode) == ["fail:file-mode"]


def test_whom_buckets_name_without_an_account_is_told_once_with_a_place() -> None:
    named = [
        Named("A", "bucket one, owner"),
        Named("ROOT", "bucket one, grantee"),
        Named("*", "bucket one, principal"),
        Named("GONE", "bucket two, owner"),
        Named("GONE", "bucket two, grantee"),
    ]
    (found,) = check(store(account("A")), root="ROOT", named=named)
    assert (found.level, found.rule, found.access) == ("warn", "no-such-account", "GONE")
    assert "bucket two, owner, and 1 more" in found.evidence
