"""What is said when the kernel cannot be asked to hold mode offline: Hearth then does not start at all."""

from __future__ import annotations


class CannotSeal(Exception):
    """This system, architecture or start cannot be sealed. The message begins "cannot be sealed here:" and says why."""

    def __init__(self, why: str, next_step: str) -> None:
        """Take the reason and the next step, two sentences without their full stops."""
        super().__init__(f"Hearth cannot be sealed here: {why}. {next_step}.")
