"""The source that a workspace names, as its configuration and opened.

May import the configuration, and the sources themselves; an endpoint's client only when it is
wanted: it is no light one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from core.config.schema import PosixSource as PosixPlace
from core.source.posix.chosen import of_tree
from core.source.posix.config import PosixConfig
from core.source.posix.source import PosixSource
from core.source.s3.config import S3Config
from core.source.s3.keys import Keys

if TYPE_CHECKING:
    from core.config.schema import S3Source as S3Place
    from core.config.schema import Workspace
    from core.source.source import Source

SourceConfig: TypeAlias = PosixConfig | S3Config


def source_config(workspace: Workspace) -> SourceConfig:
    """Return how to reach the source; an endpoint's keys are read now.

    Raises BadInput where one of them is absent, Denied where it cannot be read.
    """
    return config_of(workspace.source)


def config_of(place: PosixPlace | S3Place, held: Keys | None = None) -> SourceConfig:
    """Return how to reach a source that vgwm.yaml names. Raises as above.

    held: an endpoint's keys, where they have been read; None: they are read now.
    """
    if isinstance(place, PosixPlace):
        return of_tree(place)
    named = S3Config(
        endpoint=place.endpoint.rstrip("/"),
        region=place.region,
        access_key_ref=place.access_key_ref,
        secret_ref=place.secret_ref,
        ca_file=place.ca_file,
    )
    return replace(named, held=held or Keys(*named.keys()))


def wants_seen(config: SourceConfig) -> bool:
    """Tell whether a reader of this source is to be told what the walk saw of each entry.

    A tree is asked for everything anew; an endpoint shows of a delete marker its listing alone.
    """
    return isinstance(config, S3Config)


def open_source(config: SourceConfig) -> Source:
    """Return the source; nothing is asked of it yet."""
    if isinstance(config, PosixConfig):
        return PosixSource(config)
    from core.source.s3.source import S3Source  # noqa: PLC0415 - a posix worker loads no client

    return S3Source(config)
