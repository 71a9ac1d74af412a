from __future__ import annotations

import json
import os
import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.config.knobs import Knobs
from core.config.schema import (
    Cache,
    Cutover,
    DirTarget,
    Gateway,
    Haproxy,
    IpfsTarget,
    Metrics,
    PosixSource,
    S3Source,
    Traffic,
    Workspace,
)
from core.config.secret import SecretRef
from core.config.workspace import dump, load, new_id, parse, write
from core.errors import BadInput, Denied
from core.model import MIB

GUIDE = """\
v: 1
id: 9f2c1a7e         # 8 random hex
source: {type: posix, path: /data/gw, versioning_dir: /data/v, sidecar: /data/sc,
  nometa: false, bucket_links: false, default_etag: ""}
target: {type: ipfs, profile: guide, kubo: ["http://k0:5001", "http://k1:5001"], cluster: ["http://c0:9094"],
  cluster_user: U, cluster_password_ref: "env:PW", replication: 2,
  table: "ydb:grpc://H:2136/local", table_user: U, table_password_ref: "env:TPW",
  table_token_ref: "", table_ca_file: ""}
knobs: {workers: 10, bundle_bytes: 64MiB, bandwidth: off}
"""
DIR = """\
id: 9f2c1a7e
source: {type: posix, path: /data/gw}
target: {type: dir, path: /out}
"""
EVERYTHING = """\
v: 1
id: 0123456f
source: {type: s3, endpoint: "https://s3:7070", access_key_ref: env:AK, secret_ref: aws:prod}
target:
  type: ipfs
  profile: /etc/vgwm/own.yaml
  kubo: [http://k0:5001]
  cluster: [https://c0/api]
  table: sqlite:/var/lib/objects.db
  cache: {endpoints: [r0:6379], password_ref: "file:/run/pw"}
knobs: {etag: off}
versions: skip
cid_profile: unixfs-v1-2025
gateways: [{name: g1, side: blue, address: "h:7070", fence: [ssh, g1, fence]}]
traffic: {haproxy: [{name: lb1, socket: /run/a.sock, map: /etc/m, config: /etc/c}]}
cutover: {slices: {one: [photos], two: [docs]}, reverse: off, auto_rollback: lag-zero,
  final: hinted, hints: fanotify, max_bound: 0.1 %}
metrics: {listen: "127.0.0.1:9100", textfile: /var/lib/node/vgwm.prom}
low_data: true
"""


def test_the_example_of_the_guide_is_read() -> None:
    ws = parse(GUIDE)
    assert ws.source == PosixSource(
        path=Path("/data/gw"), versioning_dir=Path("/data/v"), sidecar=Path("/data/sc")
    )
    assert isinstance(ws.target, IpfsTarget)
    assert ws.target.cluster_password_ref == SecretRef.parse("env:PW")
    assert (ws.target.replication, ws.target.table_token_ref) == (2, None)
    assert (ws.knobs.bundle_bytes, ws.knobs.bandwidth) == (64 * MIB, None)
    assert (ws.versions, ws.source.label, ws.target.label) == (
        "archive",
        "posix:/data/gw",
        "ipfs:2 kubo, 1 cluster",
    )


def test_the_shortest_one_has_the_defaults() -> None:
    ws = parse(DIR)
    assert ws.knobs == Knobs()
    assert (ws.target.profile, ws.target.label) == ("guide", "dir:/out")
    assert (ws.cid_profile, ws.low_data, ws.metrics) == (None, False, Metrics())


@pytest.mark.parametrize("text", [GUIDE, DIR, EVERYTHING])
def test_what_was_dumped_loads_equal_and_dumps_the_same(text: str) -> None:
    ws = parse(text)
    assert parse(dump(ws)) == ws
    assert dump(parse(dump(ws))) == dump(ws)


def test_defaults_are_not_written() -> None:
    assert dump(parse(DIR)) == (
        "v: 1\nid: 9f2c1a7e\nsource:\n  type: posix\n  path: /data/gw\n"
        "target:\n  type: dir\n  path: /out\n"
    )


NAME = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\0"), min_size=1)
SLICE = st.from_regex(r"s[a-z0-9-]{0,8}", fullmatch=True)
PATH = NAME.map(lambda s: Path("/a") / s.replace("/", "_"))
REF = NAME.map(lambda s: SecretRef.parse(f"aws:{s}"))
SOURCE = st.one_of(
    st.builds(PosixSource, path=PATH, default_etag=st.text(), bucket_links=st.booleans()),
    st.builds(
        S3Source, endpoint=st.just("http://h:1"), region=NAME, access_key_ref=REF, secret_ref=REF
    ),
)
ENDPOINTS = st.lists(st.integers(1, 65535), min_size=1, max_size=4, unique=True).map(
    lambda ports: tuple(f"redis.example:{port}" for port in ports)
)
TARGET = st.one_of(
    st.builds(DirTarget, path=st.just(Path("/out"))),
    st.builds(
        IpfsTarget,
        kubo=st.just(("http://k:5001",)),
        cluster=st.lists(st.integers(1, 9).map("http://c{}".format), min_size=1, unique=True).map(
            tuple
        ),
        replication=st.one_of(st.none(), st.integers(1, 64)),
        table=st.just("sqlite:/x"),
        table_token_ref=st.one_of(st.none(), REF),
        cache=st.one_of(st.none(), st.builds(Cache, endpoints=ENDPOINTS)),
    ),
)
WORKSPACE = st.builds(
    Workspace,
    id=st.integers(0, 2**32 - 1).map("{:08x}".format),
    source=SOURCE,
    target=TARGET,
    knobs=st.builds(Knobs, workers=st.integers(0, 256), bundle_bytes=st.integers(MIB, 1 << 30)),
    gateways=st.lists(
        st.builds(
            Gateway,
            name=NAME,
            side=st.just("blue"),
            address=st.integers(1, 65535).map("gw.example:{}".format),
            open=st.lists(NAME).map(tuple),
        ),
        max_size=2,
        unique_by=lambda one: one.name,
    ).map(tuple),
    traffic=st.builds(
        Traffic,
        haproxy=st.lists(
            st.builds(Haproxy, name=NAME, socket=PATH, map=PATH, config=PATH), max_size=1
        ).map(tuple),
    ),
    cutover=st.builds(Cutover, slices=st.dictionaries(SLICE, st.just(("photos",)), max_size=1)),
    low_data=st.booleans(),
)


@settings(max_examples=40)
@given(WORKSPACE)
def test_any_workspace_survives_its_file(workspace: Workspace) -> None:
    text = dump(workspace)
    assert parse(text) == workspace
    assert dump(parse(text)) == text


def test_eight_digits_are_an_id_too() -> None:
    assert parse(DIR.replace("9f2c1a7e", "12345678")).id == "12345678"
    assert parse(DIR.replace("9f2c1a7e", "00000012")).id == "00000012"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("source:", "sorce:", "unknown key sorce.*Did you mean source"),
        ("path: /data", "pfad: /data", "unknown key pfad"),
        ("bucket_links", "bucket_link", "source.*Did you mean bucket_links"),
        ("workers: 10", "worker: 10", "Did you mean workers"),
        ("workers: 10", "workers: 1000", "knob workers.*0..256"),
        ("workers: 10", "workers: true", "knob workers"),
        ("64MiB", "67108864", "knob bundle_bytes"),
        ("{workers: 10, bundle_bytes: 64MiB, bandwidth: off}", "[1]", "knobs is no mapping"),
        ("9f2c1a7e", "9F2C1A7E", "id"),
        ("v: 1", "v: 2", "`?v"),
        ("type: posix", "type: nfs", "source.type"),
        ("path: /data/gw", "path: data/gw", "absolute path.*|source.path"),
        ("path: /data/gw", "path: [1]", "source.path"),
        ("path: /data/gw, ", "", "required field `path`"),
        ("env:PW", "hunter2", "env:NAME"),
        ("http://k1", "http://k0", "target.kubo.*Name each node once"),
        ("http://k1", "ftp://k1", r"target.kubo\[1\].*http://HOST:PORT"),
        ("http://k1:5001", "http://k1:x", r"target.kubo\[1\]"),
        ("http://k1:5001", "http://", r"target.kubo\[1\]"),
        ("cluster_user: U, ", "", "cluster_password_ref"),
        ("table_user: U, ", "", "table_password_ref"),
        ('table_token_ref: ""', 'table_token_ref: "env:T"', "both a user and a token"),
        ("ydb:grpc://H:2136/local", "postgres://x", "ydb:grpc://HOST"),
        ("ydb:grpc://H:2136/local", "sqlite:x", "sqlite:/PATH"),
        ("profile: guide", "profile: ./own.yaml", "absolute path"),
        ("replication: 2", "replication: 0", "target.replication"),
        ("nometa: false", "nometa: true", "both nometa and sidecar"),
        ("/data/sc", "/data/gw/sc", "source.sidecar"),
        ("/data/v,", "/data/gw,", "source.versioning_dir"),
    ],
)
def test_a_mistake_is_named_with_its_key(old: str, new: str, says: str) -> None:
    assert old in GUIDE
    with pytest.raises(BadInput) as caught:
        parse(GUIDE.replace(old, new))
    assert re.search(says, str(caught.value))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("unixfs-v1-2025", "unixfs-v2", "Known: unixfs-v1-2025"),
        ("0.1 %", "5", "cutover.max_bound"),
        ("reverse: off", "reverse: maybe", "cutover.reverse"),
        ("traffic: {", "traffic: {command: [x], ", "both haproxy and a command"),
        ("traffic: {", "traffic: {listen: [x], ", "traffic.listen.*Write http://HOST"),
        ("config: /etc/c}", "config: /etc/c, listen: ['http://u:p@h']}", "holds a user"),
        (
            "config: /etc/c}",
            "config: /etc/c}, {name: lb1, socket: /b, map: /c, config: /d}",
            "two load balancers have one name",
        ),
        ("h:7070", "ftp://h:7070", r"gateways\[0\].address.*Write http://HOST"),
        ("[photos]", "[Photos]", "cutover.slices"),
        ("[photos]", "[]", "names no bucket.*cutover.slices, slice one"),
        ("[docs]", "[photos]", "photos is in one as well.*cutover.slices, slice two"),
        ("{one:", "{all:", "not all or rest.*cutover.slices, slice all"),
        ("low_data: true", "low_data: on", "low_data"),
        ("r0:6379", "r0", "target.cache.endpoints.*Write HOST:PORT"),
        ("r0:6379", "r0:6379, r0:6379", "target.cache.endpoints.*once"),
        ("r0:6379", "", "0 servers for a cache of type redis_cluster"),
        ("[r0:6379]", "[r0:6379, r1:6379], type: redis", "2 servers for a cache of type redis"),
    ],
)
def test_a_mistake_in_the_policies_is_named_with_its_key(old: str, new: str, says: str) -> None:
    assert old in EVERYTHING
    with pytest.raises(BadInput, match=says):
        parse(EVERYTHING.replace(old, new))


@pytest.mark.parametrize("out", ["/data/gw", "/data/gw/out", "/data", "/"])
def test_i6_a_target_beside_the_source_is_refused_inside_of_it(out: str) -> None:
    with pytest.raises(BadInput, match=r"target\.path"):
        parse(DIR.replace("/out", out))


@pytest.mark.parametrize(
    "text",
    [
        GUIDE.replace("http://k0:5001", "http://u:s3cr3t-9@k0:5001"),
        GUIDE.replace("grpc://H", "grpc://u:s3cr3t-9@H"),
        EVERYTHING.replace("r0:6379", "redis://u:s3cr3t-9@r0:6379"),
        GUIDE.replace("env:PW", "s3cr3t-9"),
        GUIDE.replace('"env:PW"', '"s3cr3t-9'),
        GUIDE.replace("ydb:grpc://H:2136/local", "ydb:grpc://H:2136/local?password=s3cr3t-9"),
        f"{GUIDE}traffic: {{command: [/opt/steer, '--token=s3cr3t-9']}}\n",
        f"{GUIDE}cutover: {{blue: {{restart: [/bin/sh, -c, 'PASSWORD=s3cr3t-9 /opt/again']}}}}\n",
        f"{GUIDE}gateways: [{{name: g, side: blue, address: h, open: [x, '--token=s3cr3t-9']}}]\n",
        f"{GUIDE}gateways: [{{name: g, side: blue, address: 'http://root:s3cr3t-9@h:7070'}}]\n",
    ],
)
def test_i9_a_secret_in_the_file_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse(text)
    assert "s3cr3t-9" not in str(caught.value)
    assert "s3cr3t-9" not in repr(caught.value.__cause__)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("id: 1\nid: 2\n", "line 2.*"),
        ("a: [\n", "line"),
        ("- a\n", "no mapping"),
        ("", "no mapping"),
        ("1: 2\n", "no mapping"),
        ("a: !!python/object:os.system x\n", "line 1"),
        ("\x00", "malformed"),
    ],
)
def test_malformed_yaml_names_its_line(text: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        parse(text)


def test_a_file_is_replaced_whole_and_private(tmp_path: Path) -> None:
    path = tmp_path / "vgwm.yaml"
    path.write_text("old")
    ws = parse(GUIDE)
    write(path, ws)
    assert load(path) == ws
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["vgwm.yaml"]


def test_what_could_not_be_loaded_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "vgwm.yaml"
    wrong = msgspec.structs.replace(parse(DIR), id="nothex")
    with pytest.raises(BadInput):
        write(path, wrong)
    assert not path.exists()


def test_a_folder_that_is_absent_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be written"):
        write(tmp_path / "gone" / "vgwm.yaml", parse(DIR))


def test_a_failed_write_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "vgwm.yaml"
    write(path, parse(DIR))

    def full(_fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Exception, match="no space"):
        write(path, parse(GUIDE))
    monkeypatch.undo()
    assert load(path) == parse(DIR)
    assert [p.name for p in tmp_path.iterdir()] == ["vgwm.yaml"]


def test_i6_a_workspace_inside_of_its_source_is_refused(tmp_path: Path) -> None:
    inside = tmp_path / "bucket" / "ws"
    inside.mkdir(parents=True)
    text = DIR.replace("/data/gw", str(tmp_path))
    with pytest.raises(BadInput, match="inside of its source"):
        write(inside / "vgwm.yaml", parse(text))
    (inside / "vgwm.yaml").write_text(text)
    with pytest.raises(BadInput, match="inside of its source"):
        load(inside / "vgwm.yaml")


def test_json_is_yaml_and_its_surrogate_pairs_are_characters() -> None:
    raw = {
        "id": "9f2c1a7e",
        "source": {"type": "posix", "path": "/data/\U0001f600"},
        "target": {"type": "dir", "path": "/out"},
    }
    ws = parse(json.dumps(raw))
    assert ws.source == PosixSource(path=Path("/data/\U0001f600"))
    assert parse(dump(ws)) == ws
    with pytest.raises(BadInput, match="surrogate"):
        parse(json.dumps(raw).replace("\\ude00", ""))


def test_files_that_cannot_be_read_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadInput, match="vgwm init"):
        load(tmp_path / "vgwm.yaml")
    (tmp_path / "latin").write_bytes(b"a: \xff")
    with pytest.raises(BadInput, match="UTF-8"):
        load(tmp_path / "latin")
    (tmp_path / "large").write_bytes(b"#" * (2 * MIB))
    with pytest.raises(BadInput, match="1 MiB"):
        load(tmp_path / "large")

    def refuse(_path: Path, _mode: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # root reads everything
    with pytest.raises(Denied):
        load(tmp_path / "large")


def test_new_ids_are_eight_hex() -> None:
    ids = {new_id() for _ in range(50)}
    assert len(ids) == 50
    assert all(re.fullmatch("[0-9a-f]{8}", i) for i in ids)


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [*a]",
        "a: &a {b: *a}",
        "v: " + "[" * 100_000,
        "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
        + "".join(
            f"{b}: &{b} [{','.join([f'*{a}'] * 10)}]\n"
            for a, b in zip("abcdefgh", "bcdefghi", strict=True)
        ),
    ],
    ids=["itself in a list", "itself in a mapping", "deep", "unfolds"],
)
def test_yaml_that_unfolds_without_end_is_bad_input(text: str) -> None:
    with pytest.raises(BadInput, match="nested too deep"):
        parse(text)
