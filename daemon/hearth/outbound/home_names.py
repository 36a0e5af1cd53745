"""Where names lead that can only be the user's own network: "nas", "nas.local". No other name is looked up unasked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING

from hearth.problems import Problem
from hearth_config.addresses import TcpAddress, is_home_name, place_of
from hearth_config.words import DISTANCE

if TYPE_CHECKING:
    from hearth.call import Place
    from hearth.outbound.pool import Pool
    from hearth_config.settings import Provider


async def near_names(providers: Iterable[Provider], pool: Pool) -> AsyncIterator[tuple[str, Place]]:
    """Look up the home names among the providers' addresses; yields each provider with its farthest place.

    A name that cannot be found stays what it was: cloud. Not to be asked in mode offline.
    """
    for provider in providers:
        address = provider.address
        if not isinstance(address, TcpAddress) or place_of(address.host) or not is_home_name(address.host):
            continue
        try:
            found = await pool.resolver.addresses(address.host, pool.egress, provider.name)
        except Problem:
            continue
        yield provider.name, max((place_of(ip) or "cloud" for ip in found), key=DISTANCE.__getitem__)
