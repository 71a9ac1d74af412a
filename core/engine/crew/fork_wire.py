"""What coordinator and fork server say to each other: one packet asks, one answers."""

from __future__ import annotations

import struct
from typing import Final

REQUEST: Final = struct.Struct("!cq")
"""What is asked, and of which slot or process."""

REPLY: Final = struct.Struct("!q")
"""A process id, or a negative errno; an exit code, negative for a signal."""

FORK: Final = b"F"
ENDED: Final = b"E"
