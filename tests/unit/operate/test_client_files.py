"""Configurations of S3 clients: what of them moves to another endpoint, and that all else stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from core.operate.clients.endpoint import Endpoint, parse, read
from core.operate.clients.recognising import is_encrypted, recognise
from core.operate.clients.rendering import Client, changes, render
from core.operate.clients.searching import Seen
from core.operate.clients.spot import differences, moved
from core.operate.clients.updating import endpoints, update

OLD = parse("http://old.example:7070", where="test")
NEW = parse("https://s3.example.org", where="test")

AWS = """\
# mine
[default]
region = us-east-1
aws_secret_access_key = PLANTED

[profile a]
endpoint_url = http://old.example:7070/
s3 =
    addressing_style = path

[profile b]\r
endpoint_url=https://elsewhere.example\r

[services x]
s3 =
    endpoint_url = http://OLD.example:7070
dynamodb =
    endpoint_url = http://old.example:7070
"""
RCLONE = """\
[old]
type = s3
secret_access_key = PLANTED
endpoint = http://old.example:7070
[disk]
type = local
endpoint = http://old.example:7070
"""
S3CMD = """\
[default]
host_base = old.example:7070
host_bucket = %(bucket)s.old.example:7070
secret_key = PLANTED
use_https = False
"""
MC = """{"version": "10", "aliases": {
  "a": {"url": "http://old.example:7070", "secretKey": "PLANTED"},
  "b": {"url": "https://play.min.io", "secretKey": "x"}}}
"""
VARIABLES = """\
export S3_ENDPOINT_URL="http://old.example:7070"
Environment=AWS_ENDPOINT_URL_S3=http://old.example:7070
export MC_HOST_x=http://AK:PLAN/TED@old.example:7070
RCLONE_CONFIG_A_ENDPOINT=http://old.example:7070
OTHER=http://old.example:7070
"""
UNIT = """\
[Unit]
Description=uploads
[Service]
Type=notify
Environment=AWS_ENDPOINT_URL=http://old.example:7070
ExecStart=/usr/bin/uploads
"""
UNREAD_UNIT = """\
[Service]
Type=notify
ExecStart=/usr/bin/uploads --endpoint http://old.example:7070
"""


def after(text: str, new: Endpoint = NEW) -> str:
    known = recognise(text)
    assert known is not None
    return moved(text, known.spots, OLD, new)


def test_aws_profiles_move_and_neither_another_endpoint_nor_another_service_does() -> None:
    text = after(AWS)
    assert text == AWS.replace(
        "[profile a]\nendpoint_url = http://old.example:7070/",
        "[profile a]\nendpoint_url = https://s3.example.org/",
    ).replace("http://OLD.example:7070", "https://s3.example.org")


def test_an_s3_remote_of_rclone_moves_and_another_kind_stays() -> None:
    assert after(RCLONE) == RCLONE.replace("http://old.example:7070", NEW.url, 1)


@pytest.mark.parametrize("named", ["old.example:7070", "OLD.example:7070"])
def test_rclone_takes_an_endpoint_without_a_scheme_for_tls(named: str) -> None:
    known = recognise(f"[r]\ntype = s3\nendpoint = {named}\n")
    assert known is not None
    assert [spot.endpoint.url for spot in known.spots] == ["https://old.example:7070"]
    to_plain = moved(
        f"[r]\ntype = s3\nendpoint = {named}\n", known.spots, known.spots[0].endpoint, OLD
    )
    assert "endpoint = http://old.example:7070\n" in to_plain


def test_s3cmd_moves_with_its_flag_and_with_its_host_of_buckets() -> None:
    text = after(S3CMD)
    assert "host_base = s3.example.org\n" in text
    assert "host_bucket = %(bucket)s.s3.example.org\n" in text
    assert "use_https = True\n" in text
    assert "secret_key = PLANTED\n" in text


def test_s3cmd_without_its_flag_speaks_tls_and_gets_one_where_the_new_endpoint_does_not() -> None:
    text = "[default]\nhost_base = s3.example.org\nhost_bucket = s3.example.org\n"
    known = recognise(text)
    assert known is not None
    plain = moved(text, known.spots, NEW, OLD)
    assert plain.splitlines() == [
        "[default]",
        "use_https = False",
        "host_base = old.example:7070",
        "host_bucket = old.example:7070",
    ]


def test_an_alias_of_mc_moves_and_others_stay() -> None:
    assert after(MC) == MC.replace("http://old.example:7070", NEW.url)


def test_variables_move_keys_in_them_stay_and_are_not_shown() -> None:
    text = after(VARIABLES)
    assert 'export S3_ENDPOINT_URL="https://s3.example.org"\n' in text
    assert "MC_HOST_x=https://AK:PLAN/TED@s3.example.org\n" in text
    assert "AWS_ENDPOINT_URL_S3=https://s3.example.org\n" in text
    assert "RCLONE_CONFIG_A_ENDPOINT=https://s3.example.org\n" in text
    assert "OTHER=http://old.example:7070\n" in text


def test_a_unit_with_a_type_moves_by_its_variables_and_is_not_taken_for_rclone() -> None:
    assert after(UNIT) == UNIT.replace("http://old.example:7070", NEW.url)


def test_a_unit_that_names_the_old_endpoint_in_its_command_is_listed() -> None:
    [left] = update([seen("up.service", UNREAD_UNIT)], OLD, NEW).unknown
    assert left.mentions


@pytest.mark.parametrize("text", [AWS, RCLONE, S3CMD, MC, VARIABLES])
def test_what_is_shown_of_a_change_holds_no_other_value_of_the_file(text: str) -> None:
    known = recognise(text)
    assert known is not None
    shown = "\n".join(differences(text, known.spots, OLD, NEW))
    assert "PLAN" not in shown
    assert "TED" not in shown
    assert "s3.example.org" in shown


@pytest.mark.parametrize("text", [AWS, RCLONE, S3CMD, VARIABLES, MC])
def test_a_move_there_and_back_leaves_the_endpoints_as_they_were(text: str) -> None:
    there = after(text)
    known = recognise(there)
    assert known is not None
    back = moved(there, known.spots, NEW, OLD)
    assert back.lower() == text.lower()


@pytest.mark.parametrize(
    "text", ["", "{", "{}", '{"version": "1"}', "[a]\nb = c\n", "plain words", "\0\1\2"]
)
def test_a_file_of_no_known_kind_is_none(text: str) -> None:
    assert recognise(text) is None


def test_rclone_under_a_password_is_known_to_be_that() -> None:
    text = "# Encrypted rclone configuration File\n\nRCLONE_ENCRYPT_V0:\nabc=\n"
    assert is_encrypted(text)
    assert recognise(text) is None


@given(st.text(max_size=300))
def test_no_text_breaks_the_reader_and_what_names_nothing_old_stays(text: str) -> None:
    known = recognise(text)
    if known is not None:
        assert moved(text, known.spots, OLD, NEW) == text


def seen(name: str, text: str) -> Seen:
    return Seen(path=Path("/etc") / name, mode=0o600, owner=(0, 0), content=text.encode())


def test_an_update_names_what_stays_and_who_mentions_the_old_endpoint() -> None:
    files = [
        seen("a", AWS),
        seen("app.yaml", "url: http://old.example:7070\n"),
        seen("notes", "nothing\n"),
        seen("new", "[r]\ntype = s3\nendpoint = https://s3.example.org\n"),
    ]
    found = update(files, OLD, NEW)
    assert [str(one.seen.path) for one in found.changes] == ["/etc/a"]
    assert [(str(one.seen.path), one.mentions) for one in found.unknown] == [
        ("/etc/app.yaml", True),
        ("/etc/notes", False),
    ]
    assert [one.why for one in found.left] == ["it names https://elsewhere.example"]
    assert found.same == 1
    assert endpoints(files)[0] == OLD


def test_the_hash_changes_with_every_file_its_mode_and_the_endpoint() -> None:
    first = update([seen("a", AWS)], OLD, NEW).hash
    other = Seen(path=Path("/etc/a"), mode=0o640, owner=(0, 0), content=AWS.encode())
    hashes = {
        first,
        update([seen("a", AWS + "\n")], OLD, NEW).hash,
        update([other], OLD, NEW).hash,
        update([seen("b", AWS)], OLD, NEW).hash,
        update([seen("a", AWS)], OLD, parse("https://third.example", where="t")).hash,
    }
    assert len(hashes) == 5
    assert first == update([seen("a", AWS)], OLD, NEW).hash


def test_every_client_is_rendered_for_the_endpoint_and_the_reader_knows_it_again() -> None:
    files = render(OLD, Client())
    assert {tool for file in files for tool in file.tools} == {
        *("aws", "boto3", "mc", "rclone", "s3cmd", "s5cmd")
    }
    for file in files:
        known = recognise(file.text)
        if file.path == "boto3_client.py":
            assert known is None
            continue
        assert known is not None, file.path
        assert {spot.endpoint for spot in known.spots} == {OLD}, file.path
        assert not known.odd
        assert set(known.tools) & set(file.tools)


def test_the_diff_of_old_and_new_shows_each_file_that_differs() -> None:
    diff = changes(OLD, NEW, Client())
    assert "-endpoint_url = http://old.example:7070\n" in diff
    assert "+endpoint_url = https://s3.example.org\n" in diff
    assert "boto3_client" not in diff
    assert changes(OLD, OLD, Client()) == ""


@pytest.mark.parametrize(
    "text",
    [
        *("", "s3.example.org", "ftp://a", "http://", "http://a/b", "http://a?x", "http://a#f"),
        *("http://u:PLANTED@a", "http://a:0", "http://a:99999", "http://a b", "http://[x"),
    ],
)
def test_what_is_no_endpoint_is_refused_and_no_password_is_quoted(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse(text, where="--endpoint")
    assert "PLANTED" not in f"{caught.value.what} {caught.value.remedy}"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://A.example", "http://a.example:80/"),
        ("https://a.example:443", "https://a.example"),
        ("http://[::1]:80", "http://[::1]"),
    ],
)
def test_equal_endpoints_are_equal_however_they_are_written(one: str, other: str) -> None:
    assert read(one) == read(other) is not None
