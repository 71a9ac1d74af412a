"""Which client a configuration belongs to, and where it names endpoints. Pure.

By content, not by name: a configuration is often kept under another one.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from core.display import safe
from core.operate.clients import endpoint
from core.operate.clients.ini_text import Value, values
from core.operate.clients.spot import Form, Known, Spot, is_bucket_host, means_tls

if TYPE_CHECKING:
    from collections.abc import Sequence

_VARIABLE: Final = re.compile(
    r"""^[ \t]*(?:export[ \t]+|Environment=)?["']?
    (AWS_ENDPOINT_URL(?:_S3)?|S3_ENDPOINT_URL|RCLONE_S3_ENDPOINT
    |RCLONE_CONFIG_[A-Za-z0-9_]+_ENDPOINT|MC_HOST_[A-Za-z0-9_]+)
    =["']?([^\s"'#;]+)""",
    re.MULTILINE | re.VERBOSE,
)
_TOOLS: Final = {"AWS": ("aws", "boto3"), "S3": ("s5cmd",), "RCLONE": ("rclone",), "MC": ("mc",)}
_MC_URL: Final = re.compile(r'"url"\s*:\s*"([^"\\]*)"')
_ENCRYPTED: Final = "RCLONE_ENCRYPT_V"


def is_encrypted(text: str) -> bool:
    """Tell whether it is rclone's configuration under a password: only rclone can change that."""
    return any(line.startswith(_ENCRYPTED) for line in text.splitlines()[:8])


def recognise(text: str) -> Known | None:
    """Return what a file is and where it names endpoints; None for a file of no known kind."""
    if text.lstrip()[:1] == "{":
        return _mc(text)
    variables = _variables(text)
    if variables is not None:  # before INI: a systemd unit is one, and its `Type=` is not rclone's
        return variables
    found = list(values(text))
    by_key = {one.key for one in found}
    if any(one.key == "type" and one.section and one.text == "s3" for one in found):
        return _rclone(found)
    if "host_base" in by_key and any(one.section == "default" for one in found):
        return _s3cmd(found)
    if any(one.key == "endpoint_url" and one.section for one in found):
        return _aws(found)
    return None


def _aws(found: Sequence[Value]) -> Known:
    ours = [
        one
        for one in found
        if one.key == "endpoint_url"
        and (not one.section.startswith("services ") or one.group in {"s3", "s3api", "s3control"})
    ]
    return _by_url(("aws", "boto3"), ours)


def _rclone(found: Sequence[Value]) -> Known:
    s3 = {one.section for one in found if one.key == "type" and one.text == "s3"}
    ours = [one for one in found if one.key == "endpoint" and one.section in s3 and one.text]
    return _by_url(("rclone",), ours, scheme="https")


def _by_url(tools: tuple[str, ...], found: Sequence[Value], *, scheme: str = "") -> Known:
    spots, odd = [], []
    for one in found:
        named = endpoint.read(one.text, scheme=scheme)
        if named is None:
            odd.append(safe(one.label))
            continue
        form = Form.URL if "://" in one.text else Form.BARE
        spots.append(
            Spot(start=one.start, end=one.end, label=safe(one.label), endpoint=named, form=form)
        )
    return Known(tools=tools, spots=tuple(spots), odd=tuple(odd))


def _s3cmd(found: Sequence[Value]) -> Known:
    said = {one.key: one for one in found if one.section == "default"}
    base, flag, bucket = said["host_base"], said.get("use_https"), said.get("host_bucket")
    scheme = "https" if flag is None or means_tls(flag.text) else "http"
    named = None if "://" in base.text else endpoint.read(base.text, scheme=scheme)
    if named is None:
        return Known(tools=("s3cmd",), odd=(safe(base.label),))

    def spot(value: Value, form: Form) -> Spot:
        return Spot(
            start=value.start,
            end=value.end,
            label=safe(value.label),
            endpoint=named,
            form=form,
        )

    spots = [spot(base, Form.AUTHORITY)]
    odd = []
    if flag is not None:
        spots.append(spot(flag, Form.FLAG))
    else:
        label = safe("[default] use_https")
        spots.append(
            Spot(start=base.line, end=base.line, label=label, endpoint=named, form=Form.FLAG_LINE)
        )
    if bucket is not None and is_bucket_host(bucket.text, named):
        spots.append(spot(bucket, Form.BUCKET_HOST))
    elif bucket is not None and bucket.text:
        odd.append(safe(bucket.label))
    return Known(tools=("s3cmd",), spots=tuple(spots), odd=tuple(odd))


def _mc(text: str) -> Known | None:
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(whole, dict):
        return None
    aliases = whole.get("aliases", whole.get("hosts"))
    if not isinstance(aliases, dict) or "version" not in whole:
        return None
    named = [
        (str(name), one["url"])
        for name, one in aliases.items()
        if isinstance(one, dict) and isinstance(one.get("url"), str)
    ]
    places = list(_MC_URL.finditer(text))
    if [match.group(1) for match in places] != [url for _, url in named]:
        return Known(tools=("mc",), odd=("aliases",))
    spots, odd = [], []
    for (name, url), match in zip(named, places, strict=True):
        found = endpoint.read(url)
        label = safe(f"alias {name}")
        if found is None:
            odd.append(label)
            continue
        start, end = match.span(1)
        spots.append(Spot(start=start, end=end, label=label, endpoint=found, form=Form.URL))
    return Known(tools=("mc",), spots=tuple(spots), odd=tuple(odd))


def _variables(text: str) -> Known | None:
    """Read a file of variables: for a shell, or of a systemd unit."""
    spots, odd = [], []
    tools: dict[str, None] = {}
    for match in _VARIABLE.finditer(text):
        name, value = match.groups()
        kind = name.partition("_")[0]
        tools |= dict.fromkeys(_TOOLS[kind])
        is_login = kind == "MC" and "@" in value
        bare = re.sub(r"://.*@", "://", value) if is_login else value
        found = endpoint.read(bare, scheme="https" if kind == "RCLONE" else "")
        if found is None:
            odd.append(name)
            continue
        form = Form.LOGIN if is_login else Form.URL if "://" in value else Form.BARE
        start, end = match.span(2)
        spots.append(Spot(start=start, end=end, label=name, endpoint=found, form=form))
    return Known(tools=tuple(tools), spots=tuple(spots), odd=tuple(odd)) if tools else None
