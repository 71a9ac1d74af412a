"""The cluster's credentials, resolved at the moment of asking (I9)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from core.errors import BadInput, NoAnswer
from core.target.control_http import Login

if TYPE_CHECKING:
    from core.config.schema import IpfsTarget


async def cluster_login(target: IpfsTarget) -> Login | None:
    """Return user and password of the cluster's REST, None if it wants none.

    Raises NoAnswer if the password is not known to this process: then nothing can be said of the
    cluster, neither good nor bad.
    """
    if target.cluster_password_ref is None:
        return None
    try:
        password = await asyncio.to_thread(target.cluster_password_ref.resolve)
    except BadInput as error:
        raise NoAnswer(what=error.what, where=error.where, remedy=error.remedy) from error
    return Login(target.cluster_user, password.reveal())
