"""An endpoint's keys: workers are told them, nobody else sees them (I9)."""

from __future__ import annotations

import pickle
import traceback

import pytest

from core.config.redact import redact
from core.config.secret import SecretKind, SecretRef
from core.source.s3.config import S3Config
from core.source.s3.keys import keys_of
from core.source.s3.marks import etag_number

ACCESS, SECRET = "ACCESSKEY-of-test", "s3cr3t-of-this-test-alone"


def _config() -> S3Config:
    return S3Config(
        endpoint="http://blue:7070",
        region="us-east-1",
        access_key_ref=SecretRef(SecretKind.ENV, "NOT_SET_ANYWHERE"),
        secret_ref=SecretRef(SecretKind.ENV, "NOT_SET_ANYWHERE"),
        held=keys_of(ACCESS, SECRET),
    )


def test_i9_a_configuration_with_keys_shows_neither_in_any_text() -> None:
    config = _config()
    told = "".join(traceback.format_exception(ValueError(config)))
    for text in (repr(config), str(config), told):
        assert ACCESS not in text
        assert SECRET not in text


def test_a_worker_has_the_keys_that_the_coordinator_read_and_redacts_them() -> None:
    got = pickle.loads(pickle.dumps(_config()))  # noqa: S301 - as a worker's own pipe does
    assert got == _config()
    access, secret = got.keys()
    assert (access.reveal(), secret.reveal()) == (ACCESS, SECRET)
    assert SECRET not in redact(f"it said {SECRET}")


def test_other_keys_are_other_keys_and_none_can_be_looked_up_by() -> None:
    assert keys_of(ACCESS, SECRET) != keys_of(ACCESS, SECRET + "x")
    with pytest.raises(TypeError):
        hash(keys_of(ACCESS, SECRET))


def test_a_number_of_an_etag_fits_the_ledger_and_an_empty_one_has_none() -> None:
    numbers = {etag_number(f"{n:032x}-{n % 7}") for n in range(1_000)}
    assert len(numbers) == 1_000
    assert all(0 <= number < 1 << 63 for number in numbers)
    assert etag_number("") == 0
