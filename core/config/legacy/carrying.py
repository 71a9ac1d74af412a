"""First pass of a conversion: each assignment by itself, and what was set beside. Pure."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from core.config.legacy.decisions import nearest
from core.config.legacy.entry import Form
from core.config.legacy.hiding import is_secret
from core.config.legacy.keys import (
    BY_INI,
    BY_NAME,
    BY_PATH,
    IAM_PATH_INI,
    IAM_TYPE_INI,
    POSIX_PREFIXES,
    Fate,
)
from core.config.legacy.row import Draft, State
from core.config.legacy.values import Kind, parse_value
from core.config.secret import Secret
from core.display import safe
from core.errors import BadInput

if TYPE_CHECKING:
    from core.config.legacy.context import Context
    from core.config.legacy.entry import Entry, Legacy
    from core.config.legacy.keys import Key

_NEAR_AT_MOST: Final = 200  # each costs a millisecond; a file of more is no configuration
_CONVERTED: Final = ("posix", "s3")


@dataclass(slots=True, kw_only=True)
class Work:
    """A conversion under way. drafts: in the order in which rows are shown."""

    form: Form
    context: Context
    drafts: list[Draft] = field(default_factory=list)
    root: str = ""  # of the old gateway, absolute; empty if it is not known
    backend: str = "posix"
    unknown: int = 0  # keys, so far

    def at(self, path: str) -> Draft | None:
        """Return the draft that fills a path, if one does."""
        return next(
            (d for d in self.drafts if d.path == path and d.state is not State.DROPPED), None
        )

    def text(self, path: str) -> str:
        """Return what the env file or vgwm.yaml would hold for a path; empty if nothing."""
        draft = self.at(path)
        return "" if draft is None else draft.env_value

    def add(self, path: str, rule: str, *, problem: str = "") -> Draft:
        """Add a row for a path that the old file does not fill."""
        draft = Draft(id=path, state=State.NEW, path=path, rule=rule)
        if problem:
            draft.problems.append(problem)
        self.drafts.append(draft)
        return draft


def carry(legacy: Legacy, context: Context) -> Work:
    """Return the drafts of all assignments. Raises BadInput for a backend that is not converted."""
    work = Work(form=legacy.form, context=context)
    last = {entry.name: entry for entry in legacy.entries}
    work.backend = _backend(last, work)
    work.root = _root(last, work)
    for entry in legacy.entries:
        draft = _draft(entry, work)
        work.drafts.append(draft)
        if last[entry.name] is not entry:
            draft.id = ""
            draft.drop("overridden below")
        elif draft.id in context.decisions.drop:
            draft.drop("dropped by decision")
        elif draft.state is State.DROPPED:
            continue
        elif stronger := _stronger(entry.name, last, context):
            draft.drop(f"{stronger} is set, and wins")
    for oddity in legacy.oddities:
        work.drafts.append(_odd(oddity.line, oddity.reason))
    work.drafts.sort(key=lambda draft: draft.line or 0)
    _set(work)
    return work


def fill(draft: Draft, key: Key, text: str, work: Work) -> None:
    """Give a draft its value from a text, as the key's kind wants it."""
    draft.path, draft.env_value = key.path, text
    draft.secret = is_secret(draft.name or key.path, text)
    if draft.secret:
        Secret(text)  # from now on redact knows it
    elif key.kind is Kind.PATH and text and text[0] != "/":
        text = _absolute(draft, text, work)
    parsed = parse_value(key.kind, text)
    draft.env_value, draft.value = text, parsed.value
    if parsed.fault:
        draft.problems.append(parsed.fault)


def _draft(entry: Entry, work: Work) -> Draft:
    key = BY_NAME.get(entry.name) if work.form is Form.ENV else BY_INI.get(entry.name)
    draft = Draft(
        id=safe(entry.name),
        state=State.UNKNOWN,
        name=entry.name,
        old=entry.value,
        line=entry.line,
        last_line=entry.last_line,
        secret=is_secret(entry.name, entry.value),
    )
    if draft.secret:
        Secret(entry.value)
    if entry.fault and work.form is Form.ENV:
        draft.problems.append(entry.fault)
        return draft
    if work.form is Form.INI and entry.name in (IAM_TYPE_INI, IAM_PATH_INI):
        return draft  # a rule of its own: both make one key
    if key is None:
        _unknown(draft, entry, work)
        return draft
    _known(draft, key, work)
    return draft


def _known(draft: Draft, key: Key, work: Work) -> None:
    if key.fate is Fate.POSIX:
        draft.path = key.path
        draft.drop("of the posix backend alone")
        return
    fill(draft, key, draft.old, work)
    if key.fate is Fate.BACKEND:
        draft.value, draft.env_name, draft.env_value = "ipfs", "VGW_BACKEND", "ipfs"
        draft.state, draft.rule = State.DERIVED, "posix, s3 -> ipfs"
        draft.remarks.append("the stock unit refuses ipfs: see its ExecStart")
    elif key.fate is Fate.SOURCE:
        draft.state, draft.rule = State.DERIVED, "to vgwm.yaml: reads the old side"
    else:
        draft.env_name = draft.name if work.form is Form.ENV else key.names[-1]
        renamed = work.form is Form.INI or not key.says(draft.name) or draft.secret
        draft.state = State.RENAMED if renamed else State.SAME
        draft.rule = "by reference" if draft.secret else "carried"
        changed = draft.env_value != draft.old or key.kind in (Kind.INVERTED, Kind.SECONDS)
        if changed and not draft.secret:
            draft.state = State.DERIVED


def _unknown(draft: Draft, entry: Entry, work: Work) -> None:
    env = work.form is Form.ENV
    if env and entry.name.startswith(POSIX_PREFIXES):
        draft.path = f"legacy.posix.{entry.name.removeprefix('VGW_').lower()}"
        draft.drop("of the posix backend alone")
        return
    draft.path = f"legacy.unknown.{entry.name}"
    draft.value, draft.env_value = entry.value, entry.value
    draft.rule = "kept as it is"
    work.unknown += 1
    if work.unknown <= _NEAR_AT_MOST:
        draft.near = nearest(entry.name, BY_NAME if env else (*BY_INI, IAM_TYPE_INI, IAM_PATH_INI))
    if env:
        draft.env_name = entry.name
    elif draft.secret:
        draft.env_name = "LEGACY_" + "".join(c if c.isalnum() else "_" for c in entry.name).upper()
    draft.remarks.append(f"{draft.near}?" if draft.near else "no gateway reads it")


def _absolute(draft: Draft, text: str, work: Work) -> str:
    if not work.root:
        draft.problems.append("relative, and the gateway's root is not known")
        return text
    found = posixpath.normpath(posixpath.join(work.root, text))
    draft.warnings.append(f"relative: {safe(found)}")
    return found


def _backend(last: dict[str, Entry], work: Work) -> str:
    entry = _of(last, "VGW_BACKEND", "backend.type", work)
    if entry is None or entry.value in _CONVERTED:
        return "posix" if entry is None else entry.value
    raise BadInput(
        what=f"a gateway of backend {safe(entry.value)!r} is not converted",
        where=f"{entry.name}, line {entry.line}",
        remedy="It is already converted." if entry.value == "ipfs" else "Write posix or s3.",
    )


def _root(last: dict[str, Entry], work: Work) -> str:
    entry = _of(last, "VGW_BACKEND_ARG", "backend.path", work)
    known = getattr(work.context.source, "path", None)
    if entry is not None and entry.value[:1] == "/":
        return entry.value
    return str(known) if known is not None else ""


def _of(last: dict[str, Entry], variable: str, ini: str, work: Work) -> Entry | None:
    entry = last.get(variable if work.form is Form.ENV else ini)
    dropped = entry is not None and entry.name in work.context.decisions.drop
    return None if dropped else entry


def _stronger(name: str, last: dict[str, Entry], context: Context) -> str:
    """Return the other variable of the same key that the gateway takes before this one."""
    key = BY_NAME.get(name)
    for other in () if key is None else key.names:
        if other == name:
            break
        if other in last and other not in context.decisions.drop:
            return other
    return ""


def _odd(line: int, reason: str) -> Draft:
    draft = Draft(id="", state=State.DROPPED, rule="no assignment", line=line, last_line=line)
    draft.warnings.append(reason)
    return draft


def _set(work: Work) -> None:
    """Give paths the values that an operator set; a path that nothing fills gets a row."""
    decisions = work.context.decisions
    for path in (*dict(decisions.values), *dict(decisions.secrets)):
        key = BY_PATH[path]
        if key.fate is Fate.NEW:
            continue  # a rule of its own
        text = _spelled(key, decisions.value_of(path) or "")
        draft = work.at(path) or work.add(path, "")
        draft.problems.clear()
        draft.warnings.clear()
        draft.rule = "set by decision"
        draft.env_name = draft.env_name or key.names[0]
        fill(draft, key, text, work)
        if draft.state is not State.NEW:
            draft.state = State.DERIVED


def _spelled(key: Key, value: str) -> str:
    """Return a value of the YAML as the env file spells it, where they differ."""
    if key.kind is Kind.INVERTED:
        on = parse_value(Kind.BOOL, value).value
        return value if on is None else "false" if on else "true"
    if key.kind is Kind.SECONDS:
        return value.removesuffix("s")
    return value
