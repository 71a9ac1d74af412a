"""A rendered target: no port twice, every image pinned, secrets in 0600 files alone."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest

from core.config.yaml_text import read_mapping
from core.errors import BadInput
from core.operate.deploy.identity import identity_of
from core.operate.deploy.keys import read_or_make, stand_ins
from core.operate.deploy.rendering import digest, render
from core.operate.deploy.shape import MOST_NODES, Shape

SHAPE = Shape(
    count=3,
    folder=Path("/srv/target"),
    listen="127.0.0.1",
    storage_max_bytes=4 * 10**12,
    cpus=8,
    uid=1000,
    gid=1001,
    replication_min=2,
    replication_max=3,
)


def files(shape: Shape = SHAPE) -> dict[str, str]:
    return {file.path: file.text for file in render(shape, stand_ins(shape.count))}


@pytest.mark.parametrize("count", range(1, MOST_NODES + 1))
def test_no_port_is_given_twice_whatever_the_number_of_nodes(count: int) -> None:
    shape = replace(SHAPE, count=count, replication_min=1, replication_max=1)
    shape.refuse_nonsense()
    numbers = [port.number for port in shape.ports()]
    assert len(numbers) == len(set(numbers)) == 6 * count + 8
    assert not {9095, 9097, 9100} & set(numbers), "another program's"


def test_a_number_of_nodes_whose_ports_meet_is_refused() -> None:
    with pytest.raises(BadInput, match="port 5001"):
        replace(SHAPE, count=MOST_NODES + 2).refuse_nonsense()


@pytest.mark.parametrize(("least", "most"), [(0, 1), (3, 2), (1, 4)])
def test_copies_that_the_nodes_cannot_hold_are_refused(least: int, most: int) -> None:
    with pytest.raises(BadInput, match="copies"):
        replace(SHAPE, replication_min=least, replication_max=most).refuse_nonsense()


@pytest.mark.parametrize("name", ["/srv/a b", "/srv/$x", '/srv/"', "/srv/%h", "/srv/a\nb"])
def test_a_folder_that_a_unit_or_script_would_misread_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="folder"):
        replace(SHAPE, folder=Path(name)).refuse_nonsense()


def test_every_image_has_a_version() -> None:
    services = read_mapping(files()["compose.yaml"], where="compose.yaml")["services"]
    assert isinstance(services, dict)
    assert len(services) == 10
    for service in services.values():
        name, _, version = str(service["image"]).rpartition(":")
        assert name
        assert version[-1].isdigit()
        assert "latest" not in version


def test_the_same_shape_and_keys_give_the_same_bytes_and_hash(tmp_path: Path) -> None:
    keys = read_or_make(tmp_path, 3)
    assert render(SHAPE, keys) == render(SHAPE, keys)
    assert digest(SHAPE) == digest(replace(SHAPE))
    assert digest(SHAPE) != digest(replace(SHAPE, storage_max_bytes=1))
    assert digest(SHAPE) != digest(replace(SHAPE, uid=0))


def test_secrets_stand_in_0600_files_alone(tmp_path: Path) -> None:
    keys = read_or_make(tmp_path, 3)
    secrets = [keys.cluster_secret, keys.cluster_password, keys.redis_password]
    secrets += [one.private_key for one in (*keys.kubo, *keys.cluster)]
    assert len({one.reveal() for one in secrets}) == 9
    open_files = [file for file in render(SHAPE, keys) if file.mode != 0o600]
    assert len(open_files) > 10
    for file in open_files:
        assert not [one for one in secrets if one.reveal() in file.text], file.path


def test_each_node_names_all_others_and_itself_never() -> None:
    rendered = files()
    for n in range(3):
        others = {f"<kubo-{m} id>" for m in range(3) if m != n}
        config = json.loads(rendered[f"kubo-{n}/config.json"])
        assert {peer["ID"] for peer in config["Peering"]["Peers"]} == others
        service = json.loads(rendered[f"cluster-{n}/service.json"])
        named = {one.rpartition("/p2p/")[2] for one in service["cluster"]["peer_addresses"]}
        assert named == {f"<cluster-{m} id>" for m in range(3) if m != n}
        assert service["consensus"]["crdt"]["trusted_peers"] == [
            f"<cluster-{m} id>" for m in range(3)
        ]


def test_settings_are_those_of_a_migration() -> None:
    rendered = files()
    config = json.loads(rendered["kubo-0/config.json"])
    assert config["Datastore"]["StorageMax"] == "4000000000000B"
    assert config["Provide"] == {"Enabled": False}
    assert config["Routing"]["Type"] == "none"
    assert config["Import"] == {"BatchMaxNodes": 2048, "FastProvideRoot": False}
    service = json.loads(rendered["cluster-0/service.json"])
    assert service["consensus"]["crdt"]["batching"]["max_batch_size"] == 500
    assert service["consensus"]["crdt"]["batching"]["max_batch_age"] == "1s"
    assert service["cluster"]["replication_factor_min"] == 2
    assert service["cluster"]["replication_factor_max"] == 3
    assert service["cluster"]["disable_repinning"] is True
    assert set(service["api"]) == {"restapi"}
    daemons = [line for line in rendered["kubo-0/start.sh"].splitlines() if "ipfs daemon" in line]
    assert daemons == ["exec ipfs daemon --migrate=false"], "no --enable-gc"
    assert "maxmemory-policy allkeys-lru" in rendered["redis-0/redis.conf"]


def test_a_key_becomes_the_peer_id_that_libp2p_gives_it() -> None:
    # RFC 8032, 7.1, TEST 1: its public key stands in the peer id as it is
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    public = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    made = identity_of(seed)
    assert base64.b64decode(made.private_key.reveal()) == b"\x08\x01\x12\x40" + seed + public
    assert made.peer_id.startswith("12D3KooW")
    assert len(made.peer_id) == 52


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("cluster_secret", ""),
        ("cluster_password", ""),
        ("redis_password", "longenough\nenable-debug-command yes"),
        ("redis_password", "longenough1\n"),
        ("cluster_password", "two words and more"),
    ],
)
def test_an_edited_secret_that_would_be_read_as_settings_is_refused(
    tmp_path: Path, name: str, text: str
) -> None:
    """An empty secret of the cluster lets every peer of the network in."""
    made = json.loads(read_or_make(tmp_path, 1).render())
    file = tmp_path / "secrets" / "keys.json"
    file.parent.mkdir()
    file.write_text(json.dumps(made))
    assert json.loads(read_or_make(tmp_path, 1).render()) == made
    file.write_text(json.dumps(made | {name: text}))
    with pytest.raises(BadInput, match="secrets cannot be read"):
        read_or_make(tmp_path, 1)
