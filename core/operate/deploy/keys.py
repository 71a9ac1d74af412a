"""The secrets of a deployment: made once, kept in one 0600 file, the same at every rendering."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

import msgspec

from core.config.secret import Secret
from core.display import safe
from core.errors import BadInput, Denied
from core.operate.deploy.identity import Identity, new_identity

if TYPE_CHECKING:
    from pathlib import Path

KEYS_FILE: Final = "secrets/keys.json"
_CLUSTER_SECRET_BYTES: Final = 32
_PASSWORD_BYTES: Final = 24


# what is rendered into configurations and units without a quote, also where an operator edited it
_Word = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_.~+/=-]{8,}\Z")]
_ClusterSecret = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]


class _Person(msgspec.Struct, frozen=True):
    peer_id: _Word
    private_key: _Word


class _Kept(msgspec.Struct, frozen=True):
    """The file. Its texts are secrets: never shown."""

    cluster_secret: _ClusterSecret
    cluster_password: _Word
    redis_password: _Word
    kubo: tuple[_Person, ...]
    cluster: tuple[_Person, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """cluster_secret: 64 hex, shared by all peers. kubo, cluster: identities by node."""

    cluster_secret: Secret
    cluster_password: Secret
    redis_password: Secret
    kubo: tuple[Identity, ...]
    cluster: tuple[Identity, ...]

    def render(self) -> str:
        """Return the file's text; read_keys reads it back."""
        kept = _Kept(
            cluster_secret=self.cluster_secret.reveal(),
            cluster_password=self.cluster_password.reveal(),
            redis_password=self.redis_password.reveal(),
            kubo=tuple(map(_person, self.kubo)),
            cluster=tuple(map(_person, self.cluster)),
        )
        return json.dumps(msgspec.to_builtins(kept), indent=1) + "\n"


def stand_ins(count: int) -> Keys:
    """Return what stands for the secrets in a rendering that is hashed or shown."""

    def people(kind: str) -> tuple[Identity, ...]:
        return tuple(
            Identity(peer_id=f"<{kind}-{n} id>", private_key=Secret(f"<{kind}-{n} key>"))
            for n in range(count)
        )

    return Keys(
        cluster_secret=Secret("<cluster secret>"),
        cluster_password=Secret("<cluster password>"),
        redis_password=Secret("<redis password>"),
        kubo=people("kubo"),
        cluster=people("cluster"),
    )


def read_or_make(folder: Path, count: int) -> Keys:
    """Return the secrets that a folder keeps; what is lacking is made, and written by nobody yet.

    Identities of nodes beyond count are kept, for when they come back. Raises BadInput for a file
    that is none, Denied.
    """
    kept = _read(folder / KEYS_FILE)
    if kept is None:
        return Keys(
            cluster_secret=Secret(secrets.token_hex(_CLUSTER_SECRET_BYTES)),
            cluster_password=Secret(secrets.token_urlsafe(_PASSWORD_BYTES)),
            redis_password=Secret(secrets.token_urlsafe(_PASSWORD_BYTES)),
            kubo=_grown((), count),
            cluster=_grown((), count),
        )
    return Keys(
        cluster_secret=Secret(kept.cluster_secret),
        cluster_password=Secret(kept.cluster_password),
        redis_password=Secret(kept.redis_password),
        kubo=_grown(kept.kubo, count),
        cluster=_grown(kept.cluster, count),
    )


def _read(file: Path) -> _Kept | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=_Kept)
    except FileNotFoundError:
        return None
    except PermissionError as e:
        raise Denied(
            what="the deployment's secrets may not be read",
            where=safe(str(file)),
            remedy="Run as the user who made them.",
        ) from e
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        # not chained: the exception may quote the file
        raise BadInput(
            what="the deployment's secrets cannot be read",
            where=safe(str(file)),
            remedy="Restore that file: without it nodes get new identities and lose their pins.",
        ) from None


def _grown(kept: tuple[_Person, ...], count: int) -> tuple[Identity, ...]:
    old = [Identity(peer_id=one.peer_id, private_key=Secret(one.private_key)) for one in kept]
    return (*old, *(new_identity(secrets.token_bytes) for _ in range(count - len(old))))


def _person(one: Identity) -> _Person:
    return _Person(one.peer_id, one.private_key.reveal())
