"""Second pass of a conversion: what keys mean together. Pure.

Each rule looks at the drafts and adds problems, warnings and rows; their order is that of `ALL`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from core.config.legacy import iam_store, new_rows
from core.config.legacy.row import State
from core.config.schema import PosixSource
from core.display import safe

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.config.legacy.carrying import Work
    from core.config.legacy.row import Draft

_ADMIN_TLS: Final = "server.admin.tls.cert_file"
_PAIRS: Final = (
    ("server.tls.cert_file", "VGW_CERT", "server.tls.key_file", "VGW_KEY"),
    (_ADMIN_TLS, "VGW_ADMIN_CERT", "server.admin.tls.key_file", "VGW_ADMIN_CERT_KEY"),
    ("webui.cert_file", "VGW_WEBUI_CERT", "webui.key_file", "VGW_WEBUI_KEY"),
    ("website.cert_file", "VGW_WEBSITE_CERT", "website.key_file", "VGW_WEBSITE_KEY"),
)
_OF_S3: Final = frozenset(f"source.{one}" for one in ("endpoint", "region", "access_key", "secret"))
_OF_POSIX: Final = frozenset(
    f"source.{one}"
    for one in ("sidecar", "nometa", "versioning_dir", "bucket_links", "default_etag")
)
_SENDERS: Final = ("kafka_url", "nats_url", "rabbitmq_url", "webhook_url")


def _backend(work: Work) -> None:
    if work.at("backend.type") is None:
        draft = work.add("backend.type", "posix, s3 -> ipfs")
        draft.value, draft.env_name, draft.env_value = "ipfs", "VGW_BACKEND", "ipfs"
        draft.warnings.append("the old file names no backend: taken as posix")
        draft.remarks.append("the stock unit refuses ipfs: see its ExecStart")


def _root(work: Work) -> None:
    draft = work.at("source.path")
    if draft is None:
        return
    if work.backend == "s3":
        draft.drop("the s3 backend has no root")
    elif draft.old[:1] != "/":
        draft.problems[:] = ["the gateway's root is not absolute: a gateway does not start so"]


def _other_backend(work: Work) -> None:
    """Drop what only the backend reads that is not used."""
    foreign = _OF_S3 if work.backend == "posix" else _OF_POSIX
    other = "s3" if work.backend == "posix" else "posix"
    for draft in work.drafts:
        if draft.path in foreign and draft.state is State.DERIVED:
            draft.drop(f"of the {other} backend alone")
        elif draft.path.startswith("source.") and draft.secret and draft.state is State.DERIVED:
            draft.remarks.append(f"vgwm.yaml names env:{draft.name}: export it for the engine")


def _source(work: Work) -> None:
    """Compare what the old side reads by with vgwm.yaml, which has to say the same."""
    etag = work.at("source.data_integrity_etag")
    if etag is not None:
        etag.drop("stored ETags are taken as they are")
    if work.text("source.sidecar") and work.text("source.nometa"):
        _problem(
            work.at("source.nometa"), "both META_SIDECAR and META_NONE: a gateway refuses that"
        )
    known = work.context.source
    if known is None:
        return
    if isinstance(known, PosixSource) != (work.backend == "posix"):
        _problem(
            work.at("backend.type"), f"vgwm.yaml has a source of type {known.__struct_config__.tag}"
        )
        return
    for draft in work.drafts:
        if draft.path.startswith("source.") and draft.state is State.DERIVED and not draft.problems:
            _compare(draft, getattr(known, draft.path.removeprefix("source."), draft.value))


def _compare(draft: Draft, known: object) -> None:
    if draft.secret:
        return
    written = draft.value
    if isinstance(known, os.PathLike) and isinstance(written, str):
        same = os.path.normpath(written) == os.path.normpath(known)
    else:
        same = (written or None) == (known or None)
    if not same:
        shown = "nothing" if not known else safe(str(known))
        draft.problems.append(f"vgwm.yaml has {shown} there: correct it with vgwm init --force")


def _listen(work: Work) -> None:
    if work.at("server.address") is None:
        draft = work.add("server.address", "default")
        draft.value, draft.default = [":7070"], True


def _tls(work: Work) -> None:
    for cert_path, cert_name, key_path, key_name in _PAIRS:
        cert, key = work.at(cert_path), work.at(key_path)
        if cert is not None and cert.env_value and not (key is not None and key.env_value):
            cert.problems.insert(0, f"no {key_name}")
        elif key is not None and key.env_value and not (cert is not None and cert.env_value):
            key.problems.insert(0, f"no {cert_name}")
        elif cert is not None and key is not None and not (cert.problems or key.problems):
            fault = work.context.pair(cert.env_value, key.env_value) if cert.env_value else ""
            if fault:
                cert.problems.append(fault)


def _logging(work: Work) -> None:
    if work.text("logging.access_log") and work.text("logging.webhook_url"):
        _problem(
            work.at("logging.webhook_url"), "both a log file and a webhook: a gateway refuses that"
        )


def _events(work: Work) -> None:
    senders = [path for path in (f"events.{one}" for one in _SENDERS) if work.text(path)]
    for path in senders[1:]:
        _problem(work.at(path), f"{senders[0]} is set, too: a gateway sends events to one place")


def _problem(draft: Draft | None, reason: str) -> None:
    if draft is not None:
        draft.problems.append(reason)


ALL: Final[tuple[Callable[[Work], None], ...]] = (
    iam_store.join_ini,
    _backend,
    _root,
    _other_backend,
    _source,
    _listen,
    _tls,
    iam_store.choose,
    iam_store.need_root,
    _logging,
    _events,
    new_rows.add,
)
