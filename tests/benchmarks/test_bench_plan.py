"""The benchmark of plans: it names every strategy, and its end says whether one was too slow."""

from typing import get_args

import pytest

from hearth_config.settings import Strategy
from plan import main


def test_every_strategy_is_timed(capsys: pytest.CaptureFixture[str]) -> None:
    """With so few targets none is over the limit."""
    code = main(["--targets", "20", "--plans", "20"])

    said = capsys.readouterr().out
    assert code == 0
    assert [line.split()[0] for line in said.splitlines()] == list(get_args(Strategy))
