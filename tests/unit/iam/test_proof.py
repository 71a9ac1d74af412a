"""The proof: any member of any account that differs is seen, and none of it is kept."""

from __future__ import annotations

import pytest

from core.iam.account import StoreKind
from core.iam.admin_api import read_listing
from core.iam.proof import State, prove
from tests.unit.iam.accounts import account, store

BOTH = (account("A"), account("B"))


@pytest.mark.parametrize(
    "members",
    [
        {"secret": "another"},
        {"role": "admin"},
        {"userID": 1},
        {"groupID": 1},
        {"projectID": 1},
        {"vendor": "x"},
    ],
)
def test_an_account_that_differs_in_anything_is_seen(members: dict[str, object]) -> None:
    proof = prove(store(*BOTH), store(BOTH[0], account("B", **members)))
    assert proof.states == {"A": State.EQUAL, "B": State.DIFFERS}
    assert not proof.holds


def test_missing_and_extra_accounts_break_the_proof() -> None:
    lost = prove(store(*BOTH), store(BOTH[0]))
    assert (lost.old, lost.new, lost.number(State.MISSING), lost.holds) == (2, 1, 1, False)
    more = prove(store(BOTH[0]), store(*BOTH))
    assert (more.number(State.EXTRA), more.holds) == (1, False)


def test_an_absent_id_is_zero_to_every_gateway() -> None:
    old = account("A")
    del old["projectID"]
    assert prove(store(old), store(account("A"))).holds


def test_a_gateways_listing_is_compared_without_what_it_does_not_tell() -> None:
    secret = str(account("A")["secret"])
    listing = (
        "<ListUserAccountsResult><Accounts><Access>A</Access>"
        f"<Secret>{secret}</Secret><Role>user</Role><UserID>1001</UserID>"
        "<GroupID>1002</GroupID><ProjectID>0</ProjectID></Accounts></ListUserAccountsResult>"
    )
    gateway = read_listing(listing.encode(), where="http://gw")
    assert gateway.kind is StoreKind.GATEWAY
    assert prove(store(account("A", vendor="x")), gateway).holds
    assert not prove(store(account("A", role="admin")), gateway).holds
