"""What must hold for where the figures are sent: not in the clear through the internet, and not without a pause."""

from collections.abc import Iterator
from typing import Final

from hearth_config.addresses import in_the_clear
from hearth_config.check_providers import check_headers
from hearth_config.errors import Path, Problem
from hearth_config.settings import Metrics

SHORTEST: Final = 5.0
_PATH: Final[Path] = ("metrics",)


def check_metrics(metrics: Metrics) -> Iterator[Problem]:
    """Every problem of [metrics]."""
    if metrics.interval < SHORTEST:
        yield Problem((*_PATH, "interval"), "is too short", f'Write "{SHORTEST:.0f}s" or more')
    yield from check_headers((*_PATH, "headers"), metrics.headers)
    if metrics.otlp != "off" and in_the_clear(metrics.otlp):
        step = "Write https://, or the IP address of a server in your own network"
        yield Problem((*_PATH, "otlp"), "is plain http to the cloud, where anybody could read the figures", step)
