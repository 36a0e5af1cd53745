"""Clocks that a test turns."""

from hearth.senses.health import HealthSense


class Clocks:
    """A clock that stops while the machine sleeps, and one that goes on."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept = 0.0

    def monotonic(self) -> float:
        return self.now

    def boottime(self) -> float:
        return self.now + self.slept

    def sense(self) -> HealthSense:
        return HealthSense(clock=self.monotonic, with_sleep=self.boottime)
