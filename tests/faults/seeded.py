"""The seed of a fault run: printed, and given again by VGWM_FAULT_SEED."""

from __future__ import annotations

import os
import random

VARIABLE = "VGWM_FAULT_SEED"


def fault_seed() -> int:
    """Return the seed that the environment gives, else a new one; print how to have it again."""
    given = os.environ.get(VARIABLE, "")
    seed = int(given) if given else random.SystemRandom().randrange(1 << 32)
    print(f"{VARIABLE}={seed} repeats the faults of this run")  # noqa: T201 - pytest shows it
    return seed
