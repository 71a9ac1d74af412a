"""Objects that cannot be read, also by root: in each's place stands a link to itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.integration.engine.ground import Ground


def break_objects(ground: Ground, names: Iterable[tuple[str, str]]) -> None:
    """Make objects unreadable; their bytes are kept beside the source."""
    for bucket, key in names:
        path = ground.source / bucket / key
        aside = ground.source.parent / "aside" / bucket / key
        aside.parent.mkdir(parents=True, exist_ok=True)
        path.rename(aside)
        path.symlink_to(path.name)


def mend_objects(ground: Ground, names: Iterable[tuple[str, str]]) -> None:
    """Put objects back as they were."""
    for bucket, key in names:
        path = ground.source / bucket / key
        path.unlink()
        (ground.source.parent / "aside" / bucket / key).rename(path)
