"""systemd units: one for the Compose file, or one for each program where there is no Docker."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from core.operate.deploy.shape import Shape


def units(shape: Shape) -> Iterator[tuple[str, str]]:
    """Yield names and texts. The programs are looked for in /usr/local/bin and /usr/bin."""
    folder = shape.folder
    yield (
        "vgwm-target-compose.service",
        _unit(
            "The target of vgwm, by Compose",
            (
                "Type=oneshot",
                "RemainAfterExit=yes",
                f"WorkingDirectory={folder}",
                "ExecStart=docker compose up --detach",
                "ExecStop=docker compose stop",
            ),
            after=("docker.service",),
        ),
    )
    for node in shape.nodes:
        yield (
            f"vgwm-kubo-{node.n}.service",
            _unit(
                f"Kubo node {node.n} of vgwm's target",
                _program(shape, f"/bin/sh {folder}/kubo-{node.n}/start.sh"),
            ),
        )
        yield (
            f"vgwm-cluster-{node.n}.service",
            _unit(
                f"IPFS-Cluster peer {node.n} of vgwm's target",
                (
                    f"Environment=IPFS_CLUSTER_PATH={folder}/cluster-{node.n}",
                    f"EnvironmentFile={folder}/secrets/cluster.env",
                    *_program(shape, "ipfs-cluster-service daemon"),
                ),
                after=(f"vgwm-kubo-{node.n}.service",),
            ),
        )
    for n, _ in enumerate(shape.redis):
        yield (
            f"vgwm-redis-{n}.service",
            _unit(
                f"Redis master {n} of vgwm's target",
                (
                    f"WorkingDirectory={folder}/redis-{n}",
                    *_program(shape, f"redis-server {folder}/redis-{n}/redis.conf"),
                ),
            ),
        )


def _program(shape: Shape, command: str) -> tuple[str, ...]:
    return (
        f"User={shape.uid}",
        f"Group={shape.gid}",
        f"ExecStart={command}",
        "Restart=on-failure",
        "RestartSec=5s",
        "LimitNOFILE=65536",
        "NoNewPrivileges=yes",
    )


def _unit(title: str, service: Sequence[str], after: Sequence[str] = ()) -> str:
    others = " ".join(("network-online.target", *after))
    wants = [f"Wants={others}"]
    return "\n".join(
        (
            "# Made by vgwm target deploy: change it there.",
            "[Unit]",
            f"Description={title}",
            f"After={others}",
            *wants,
            "",
            "[Service]",
            *service,
            "",
            "[Install]",
            "WantedBy=multi-user.target",
            "",
        )
    )
