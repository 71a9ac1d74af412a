"""`iam audit`: each rule at its border; no finding tells anything of a secret but its rule."""

from __future__ import annotations

import pytest

from core.iam.auditing import audit
from tests.unit.iam.accounts import SOUND, account, store


def rules(*accounts: dict[str, object], chown: bool = False) -> list[str]:
    return [f"{one.level}:{one.rule}" for one in audit(store(*accounts), chown=chown)]


@pytest.mark.parametrize(
    ("access", "secret", "rule"),
    [
        ("A", SOUND, ""),
        ("A", "0123456789abcdef", ""),
        ("A", "0123456789abcde", "high:short-secret"),
        ("A", "minioadmin", "high:default-credential"),
        ("A", "MinioAdmin", "high:default-credential"),
        ("AKIAIOSFODNN7EXAMPLE", SOUND, "high:default-credential"),
        ("AKSAME-AS-ITS-KEY-9", "AKSAME-AS-ITS-KEY-9", "high:secret-is-key"),
        ("A", "abababababababababababab", "high:low-entropy"),
        ("A", "a" * 64, "high:low-entropy"),
    ],
)
def test_a_weak_secret_is_high(access: str, secret: str, rule: str) -> None:
    found = audit(store(account(access, secret=secret)))
    assert [f"{one.level}:{one.rule}" for one in found] == ([rule] if rule else [])
    if access != secret:
        assert not any(secret in one.evidence + one.remedy for one in found)


def test_accounts_that_share_a_secret_name_each_other() -> None:
    found = audit(store(*(account(name, secret=SOUND) for name in "ABC"), account("D")))
    assert [(one.access, one.rule, one.evidence) for one in found] == [
        ("A", "same-secret", "same secret as B and 1 more"),
        ("B", "same-secret", "same secret as A and 1 more"),
        ("C", "same-secret", "same secret as A and 1 more"),
    ]


def test_more_than_three_admins_are_a_warning_of_the_store() -> None:
    admins = [account(name, role="admin") for name in "ABCD"]
    assert rules(*admins[:3]) == []
    assert rules(*admins) == ["warn:many-admins"]


def test_uid_0_matters_where_files_are_given_to_accounts() -> None:
    assert rules(account("A", userID=0)) == []
    assert rules(account("A", userID=0), chown=True) == ["warn:uid-0"]


def test_who_is_in_no_log_is_unused_and_without_logs_nobody_is() -> None:
    both = store(account("A"), account("B"))
    assert [one.access for one in audit(both, used={"A"})] == ["B"]
    assert audit(both, used=None) == []
