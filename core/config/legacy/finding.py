"""What a check of a gateway's configuration found. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from core.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One finding. path: a key or member, safe to show. evidence, remedy: without any secret."""

    path: str
    verdict: Verdict
    evidence: str
    remedy: str = ""


def fail(path: str, evidence: str, remedy: str) -> Found:
    """Return what keeps a gateway from starting, or from serving as it should."""
    return Found(path=path, verdict=Verdict.FAIL, evidence=evidence, remedy=remedy)


def warn(path: str, evidence: str, remedy: str) -> Found:
    """Return what is worth a look."""
    return Found(path=path, verdict=Verdict.WARN, evidence=evidence, remedy=remedy)


def unknown(path: str, evidence: str, remedy: str) -> Found:
    """Return what could not be seen."""
    return Found(path=path, verdict=Verdict.UNKNOWN, evidence=evidence, remedy=remedy)


def good(path: str, evidence: str) -> Found:
    """Return what is as it should be."""
    return Found(path=path, verdict=Verdict.PASS, evidence=evidence)
