"""Programs that come from the distribution, not from Go: Redis, HAProxy, Prometheus."""

from __future__ import annotations

import os
import shutil
import subprocess

from tests.lab.missing import Missing

PACKAGES = {
    "redis-server": "redis-server",
    "redis-cli": "redis-tools",
    "haproxy": "haproxy",
    "prometheus": "prometheus",
    "promtool": "prometheus",
}
INSTALL_LIMIT_S = 300
SBIN = ":/usr/sbin:/usr/local/sbin"  # not on everybody's path, and haproxy lives there


def find(program: str) -> str:
    """Return the path of a distribution's program, installing its package where that is allowed.

    Allowed means: we are root, and `VGWM_APT=1` or `VGWM_REAL=require` (a machine made for tests)
    says so; a test run does not change somebody's own system unasked. Raises Missing.
    """
    package = PACKAGES[program]
    path = _look(program)
    if path is None and _may_install():
        _apt("update")
        _apt("install", "--yes", "--no-install-recommends", package)
        path = _look(program)
    if path is None:
        raise Missing(program, needs=f"the package {package}, or root and VGWM_APT=1")
    return path


def _look(program: str) -> str | None:
    return shutil.which(program, path=os.environ.get("PATH", "") + SBIN)


def _may_install() -> bool:
    asked = os.environ.get("VGWM_APT") == "1" or os.environ.get("VGWM_REAL") == "require"
    return asked and os.getuid() == 0 and shutil.which("apt-get") is not None


def _apt(*words: str) -> None:
    done = subprocess.run(  # noqa: S603 - the words are ours
        ["apt-get", "-q", *words],  # noqa: S607 - found on the path a moment ago
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        capture_output=True,
        text=True,
        check=False,
        timeout=INSTALL_LIMIT_S,
    )
    if done.returncode != 0:
        raise Missing(f"apt-get {words[0]}: {done.stderr.strip()[-300:]}", needs="a package mirror")
