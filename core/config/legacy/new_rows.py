"""What the new gateway needs and the old one had not: rows from vgwm.yaml and defaults. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.config.legacy.keys import NEW_KEYS
from core.config.legacy.row import State
from core.config.legacy.values import parse_value

if TYPE_CHECKING:
    from core.config.legacy.carrying import Work
    from core.config.legacy.keys import Key
    from core.config.legacy.row import Draft

_PREFIX: Final = "backend.ipfs."
_REQUIRED: Final = frozenset(
    f"{_PREFIX}{one}" for one in ("cluster_endpoints", "metadata_db.type", "metadata_db.endpoints")
)
_CACHE: Final = "cache."
_ENOUGH_COPIES: Final = 2


def add(work: Work) -> None:
    """Add a row for each new key: decided, from vgwm.yaml, or its default."""
    known = dict(work.context.destination.values)
    warnings = dict(work.context.destination.warnings)
    made: dict[str, Draft] = {}
    for key in NEW_KEYS:
        name = key.path.removeprefix(_PREFIX)
        if key.path in work.context.decisions.drop:
            draft = work.add(key.path, "")
            if key.path in _REQUIRED:
                draft.problems.append("required: it can not be dropped")
            else:
                draft.drop("dropped by decision")
            continue
        decided = work.context.decisions.value_of(key.path)
        draft = _row(work, key, decided, known.get(name))
        if name in warnings and decided is None:
            draft.warnings.append(warnings[name])
        made[name] = draft
    _cache(work, made)
    _replication(work, made)


def _row(work: Work, key: Key, decided: str | None, known: str | None) -> Draft:
    rule = "set by decision" if decided is not None else "default" if known is None else "target"
    text = decided if decided is not None else key.default if known is None else known
    draft = work.add(key.path, rule)
    if not text:
        draft.problems.append(f"required: --set {key.path}=VALUE, or name it in vgwm.yaml")
        return draft
    draft.env_name, draft.env_value = key.names[0], text
    draft.value, fault = parse_value(key.kind, text)
    if fault:
        draft.problems.append(fault)
    return draft


def _cache(work: Work, made: dict[str, Draft]) -> None:
    """Take out what a cache that is off does not need."""
    enabled, endpoints = made.get("cache.enabled"), made.get("cache.endpoints")
    if enabled is None:
        return
    if enabled.rule == "default" and (endpoints is None or not endpoints.env_value):
        enabled.value, enabled.env_value, enabled.state = False, "false", State.DERIVED
        enabled.warnings.append("no cache is known")
    if enabled.value is not False:
        return
    for name, draft in made.items():
        if name.startswith(_CACHE) and draft is not enabled:
            work.drafts.remove(draft)


def _replication(work: Work, made: dict[str, Draft]) -> None:
    """Hold min <= max <= peers; what nobody chose is lowered, and said."""
    low, high = made.get("replication_min"), made.get("replication_max")
    endpoints = made.get("cluster_endpoints")
    peers = len(endpoints.value) if endpoints and isinstance(endpoints.value, list) else 0
    if (
        low is None
        or high is None
        or not (isinstance(low.value, int) and isinstance(high.value, int))
    ):
        return
    wanted = work.context.destination.replication
    if high.rule == "default" and wanted is not None:
        _give(high, wanted, "target.replication")
    elif high.rule == "default" and _ENOUGH_COPIES <= peers < high.value:
        _give(high, peers, "peers")
        high.warnings.append(f"{peers} peers hold at most {peers} copies")
    if low.rule == "default" and wanted is not None and wanted < low.value:
        _give(low, wanted, "target.replication")
        low.warnings.append("one copy: a lost node loses objects")
    if low.value > high.value:
        low.problems.append(f"more than replication_max, which is {high.value}")
    if peers and high.value > peers:
        high.problems.append(f"more than the {peers} peers")


def _give(draft: Draft, number: int, rule: str) -> None:
    draft.value, draft.env_value, draft.rule = number, str(number), rule
    draft.state = State.DERIVED
