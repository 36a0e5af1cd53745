"""What the public price list (genai-prices) says of the models in use: read by a child process, then let go.

The library takes 35 MB and 0.4 s to import (wire/providers §6), so that it is read beside the daemon, which keeps the
few prices it needs. Nothing goes over the network: the list comes with the package, and its updater stays off.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Iterable

import msgspec

from hearth.money.book import PublicPrice
from hearth.money.tags import PriceTag

READING_S = 20.0
_VARIABLES = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "TZ")
"""What the child gets of the environment: whatever is in there besides, keys among it, is not its business (T17)."""
log = logging.getLogger("hearth.prices")


class Read(msgspec.Struct, frozen=True):
    """What the child found: the prices in the order of the question, the list's version and its date."""

    prices: tuple[PriceTag | None, ...] = ()
    version: str = ""
    date: str = ""
    """The newest day on which somebody checked a price of this list; "" when it does not say."""


async def read_prices(wanted: Iterable[PublicPrice]) -> Read:
    """Look these models up. A list that cannot be read is logged, and knows no price: `prices` is empty then."""
    question = msgspec.json.encode(tuple(wanted))
    child: asyncio.subprocess.Process | None = None
    try:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            "-c",
            _PROGRAM.format(path=_import_path()),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={name: os.environ[name] for name in _VARIABLES if name in os.environ},
        )
        async with asyncio.timeout(READING_S):
            answer, _ = await child.communicate(question)
        return msgspec.json.decode(answer, type=Read)
    except (OSError, TimeoutError, msgspec.MsgspecError) as error:
        log.warning("The public price list cannot be read (%s): its prices are unknown.", type(error).__name__)
        return Read()
    finally:
        if child is not None and child.returncode is None:
            child.kill()
            await asyncio.shield(child.wait())


_PROGRAM = "import sys; sys.path[:] = {path!r}; from hearth.senses.price_list import main; main()"


def _import_path() -> list[str]:
    return [one for one in sys.path if one]
