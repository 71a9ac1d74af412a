"""The screens by name."""

from __future__ import annotations

from enum import StrEnum


class Name(StrEnum):
    """The screens; the value is what the title says."""

    HOME = "Home"
    ASSESS = "Assess"
    CONFIG = "Config"
    IAM = "IAM"
    PLAN = "Plan"
    MIGRATE = "Migrate"
    ERRORS = "Errors"
    VERIFY = "Verify"
    CUTOVER = "Cutover"
    ROLLBACK = "Rollback"
    CLUSTER = "Cluster"
    LOG = "Log"
    HELP = "Help"
