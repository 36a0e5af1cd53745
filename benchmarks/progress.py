"""Says on standard error what is being measured, and how long the run has taken: the table comes on standard output."""

import sys
import time

_BEGAN = time.monotonic()


def tell(what: str) -> None:
    """Print one line, at once."""
    minutes, seconds = divmod(int(time.monotonic() - _BEGAN), 60)
    print(f"[{minutes}:{seconds:02}] {what}", file=sys.stderr, flush=True)
