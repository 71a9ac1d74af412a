"""A gateway's list of accounts: what is no such list is refused, and not repeated (I9)."""

from __future__ import annotations

import pytest

from core.errors import BadInput
from core.iam.admin_api import read_listing
from core.iam.users_file import render

SPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


def test_a_listing_becomes_the_file_that_the_gateway_would_write() -> None:
    body = (
        f"<ListUserAccountsResult {SPACE}><Accounts><Access>B</Access><Secret>s&lt;1</Secret>"
        "<Role>admin</Role><UserID>0</UserID><GroupID>2</GroupID><ProjectID>3</ProjectID>"
        "</Accounts><Accounts><Access>A</Access><Secret>t</Secret><Role>user</Role>"
        "</Accounts></ListUserAccountsResult>"
    )
    assert render(read_listing(body.encode(), where="http://gw")) == (
        '{"accessAccounts":{"A":{"access":"A","secret":"t","role":"user"},'
        '"B":{"access":"B","secret":"s\\u003c1","role":"admin","userID":0,"groupID":2,'
        '"projectID":3}}}'
    )


@pytest.mark.parametrize(
    "body",
    [
        "",
        "pl4nted",
        "<Error><Code>pl4nted</Code></Error>",
        "<ListUserAccountsResult><Accounts><Secret>pl4nted</Secret>",
        '<!DOCTYPE x [<!ENTITY e "pl4nted">]><ListUserAccountsResult/>',
    ],
)
def test_another_answer_is_refused_and_not_repeated(body: str) -> None:
    with pytest.raises(BadInput, match="lists no accounts") as caught:
        read_listing(body.encode(), where="http://gw")
    assert "pl4nted" not in str(caught.value)
