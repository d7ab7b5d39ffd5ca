"""Progress of a loader."""

import math
import time
from collections.abc import Callable

Progress = Callable[[str, float | None], None]
"""Called with a message and the fraction done (None: unknown). It may raise to abort the loading."""


def paced(progress: Progress, interval: float = 0.1) -> Progress:
    """`progress`, called once per `interval` seconds at most; the first message and a fraction of 1 always pass."""
    last = -math.inf

    def tell(message: str, fraction: float | None) -> None:
        nonlocal last
        if fraction == 1 or time.monotonic() - last >= interval:
            last = time.monotonic()
            progress(message, fraction)

    return tell
