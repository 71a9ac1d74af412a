"""What a question to the world was answered with. No answer is `unknown`, never `pass` (I7)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What an answer means for the migration; the words stand on every screen."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"


class Component(StrEnum):
    """Of what the question is asked; also the label `component` of the metrics."""

    SOURCE = "source"
    CLUSTER = "cluster"
    KUBO = "kubo"
    METADATA = "metadata"
    CACHE = "cache"
    GATEWAY = "gateway"
    NETWORK = "network"
    LB = "lb"
    HOST = "host"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer. evidence, remedy: safe to show, without secrets.

    check: its name, such as `capacity`. endpoint: whom it was asked of, empty if nobody in
    particular. at_ns: when it was answered, UTC. took_s: how long that took.
    """

    check: str
    component: Component
    verdict: Verdict
    evidence: str
    at_ns: int
    took_s: float = 0.0
    endpoint: str = ""
    remedy: str = ""
