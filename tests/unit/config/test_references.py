"""Which secrets a workspace names: all of them, wherever they stand."""

from __future__ import annotations

from pathlib import Path

from core.config.references import references, variables
from core.config.schema import IpfsTarget, PosixSource, Workspace
from core.config.secret import SecretRef


def workspace(**more: object) -> Workspace:
    return Workspace(
        id="9f2c1a7e",
        source=PosixSource(path=Path("/gw")),
        target=IpfsTarget(
            kubo=("http://k1",),
            cluster=("http://c1",),
            table="sqlite:/t.db",
            **{name: SecretRef.parse(str(ref)) for name, ref in more.items()},  # type: ignore[arg-type]
        ),
    )


def test_every_reference_is_found_with_its_member() -> None:
    made = workspace(cluster_password_ref="env:PW", table_token_ref="file:/etc/token")  # noqa: S106 - references
    assert [(one.member, str(one.ref)) for one in references(made)] == [
        ("target.cluster_password_ref", "env:PW"),
        ("target.table_token_ref", "file:/etc/token"),
    ]


def test_a_variable_is_named_once_however_often_it_is_used() -> None:
    made = workspace(cluster_password_ref="env:PW", table_password_ref="env:PW")  # noqa: S106 - references
    assert variables(made) == ["PW"]
