"""Which store of accounts the gateway uses, and whether its settings are whole. Pure."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final, NamedTuple

from core.config.legacy.entry import Form
from core.config.legacy.keys import IAM_PATH_INI, IAM_TYPE_INI
from core.config.legacy.row import State
from core.display import safe

if TYPE_CHECKING:
    from core.config.legacy.carrying import Work


class _Store(NamedTuple):
    """A store: the member that chooses it, and those that it cannot do without."""

    type: str
    chosen_by: str
    named: str
    needs: tuple[str, ...]


_LDAP: Final = (
    *("bind_dn", "bind_pass", "query_base", "object_classes", "access_atr", "secret_atr"),
    *("role_atr", "user_id_atr", "group_id_atr", "project_id_atr"),
)
_STORES: Final = (
    _Store("internal", "iam.dir", "VGW_IAM_DIR", ()),
    _Store("ldap", "iam.ldap.url", "VGW_IAM_LDAP_URL", _LDAP),
    _Store("s3", "iam.s3.endpoint", "VGW_S3_IAM_ENDPOINT", ("access_key", "secret_key", "bucket")),
    _Store("vault", "iam.vault.endpoint_url", "VGW_IAM_VAULT_ENDPOINT_URL", ()),
    _Store("ipa", "iam.ipa.host", "VGW_IPA_HOST", ("vault_name", "user", "password")),
)
"""In the order in which the gateway looks: the first that is set wins."""

_PARTS: Final = ("iam.ldap.", "iam.s3.", "iam.vault.", "iam.ipa.")


def join_ini(work: Work) -> None:
    """Make `iam.dir` of the INI's type and path."""
    if work.form is not Form.INI:
        return
    kind = next((d for d in work.drafts if d.id == IAM_TYPE_INI and not _gone(d.state)), None)
    path = next((d for d in work.drafts if d.id == IAM_PATH_INI and not _gone(d.state)), None)
    if kind is not None:
        kind.state, kind.path, kind.value = State.DERIVED, "iam.type", "internal"
        kind.rule = "file -> its directory"
        if kind.old not in ("file", "internal"):
            kind.problems.append(f"{safe(kind.old)!r} has no settings in this form: write file")
        elif path is None and work.at("iam.dir") is None:
            kind.problems.append("no path")
    if path is None:
        return
    path.state, path.rule = State.DERIVED, "file -> its directory"
    path.path, path.env_name = "iam.dir", "VGW_IAM_DIR"
    folder, name = posixpath.split(path.old)
    whole = folder if name.endswith(".json") else path.old
    path.value = path.env_value = whole
    if whole[:1] != "/":
        path.problems.append("not absolute")
    elif name.endswith(".json") and name != "users.json":
        path.warnings.append("not users.json: convert it with vgwm iam convert")


def choose(work: Work) -> None:
    """Name the store that is used, check it, and drop the settings of the others."""
    stores = [store for store in _STORES if work.text(store.chosen_by)]
    used = stores[0] if stores else None
    for draft in work.drafts:
        mine = used is not None and draft.path.startswith(f"iam.{used.type}.")
        loses = draft.path.startswith(_PARTS) or (
            draft.path == "iam.dir" and used is not None and used.type != "internal"
        )
        if loses and not mine and not _gone(draft.state):
            draft.drop(
                "no store is chosen by it" if used is None else f"{used.named} is set, and wins"
            )
    if not any(draft.path == "iam.type" for draft in work.drafts):
        draft = work.add(
            "iam.type", "no store: the root account alone" if used is None else used.named
        )
        draft.value = "single" if used is None else used.type
        draft.state = State.NEW if used is None else State.DERIVED
        draft.id = ""
    if used is not None:
        _need(work, used)


def need_root(work: Work) -> None:
    """Demand the root account: no gateway starts without."""
    for path, example in (
        ("iam.admin_user", "iam.admin_user=ACCESS"),
        ("iam.admin_secret", "iam.admin_secret_ref=env:NAME"),
    ):
        draft = work.at(path)
        if draft is None:
            draft = work.add(path, "required", problem=f"required: --set {example}")
            draft.secret = path == "iam.admin_secret"
        elif not draft.env_value:
            draft.problems.append("empty: no gateway starts so")


def _need(work: Work, store: _Store) -> None:
    lacking = [one for one in store.needs if not work.text(f"iam.{store.type}.{one}")]
    if store.type == "vault":
        vault = [work.text(f"iam.vault.{one}") for one in ("root_token", "role_id", "role_secret")]
        if not vault[0] and not (vault[1] and vault[2]):
            lacking = ["root_token, or role_id and role_secret"]
    chooser = work.at(store.chosen_by)
    if lacking and chooser is not None:
        chooser.problems.append(f"lacks {', '.join(lacking)}")


def _gone(state: State) -> bool:
    return state is State.DROPPED
