"""`hearth` as ever, which on SIGUSR2 writes how many tasks are under way into the file that HEARTH_TASKS names."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from types import FrameType

from hearth.cli import main


def count(_number: int, _frame: FrameType | None) -> None:
    """Count the tasks that have not ended. A signal is heeded in the main thread, where the loop runs."""
    left = len(asyncio.all_tasks())
    file = Path(os.environ["HEARTH_TASKS"])
    draft = file.with_name(".tasks")
    draft.write_text(str(left), "ascii")
    draft.replace(file)


if __name__ == "__main__":
    signal.signal(signal.SIGUSR2, count)
    main()
