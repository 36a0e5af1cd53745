"""Names of one's own network are looked up once and placed; all others are left alone."""

import asyncio

import pytest

from hearth.call import Place
from hearth.outbound.egress import Egress
from hearth.outbound.home_names import near_names
from hearth.outbound.names import Resolver
from hearth.outbound.pool import Pool
from hearth_config.addresses import parse_address
from hearth_config.settings import Provider


def _provider(name: str, address: str) -> Provider:
    return Provider(name=name, dialect="openai_chat", address=parse_address(address))


@pytest.mark.parametrize(
    ("address", "ips", "expected"),
    [
        ("http://nas:8000/v1", ("192.168.1.20",), [("box", "lan")]),
        ("http://nas.local:8000/v1", ("192.168.1.20", "93.184.216.34"), [("box", "cloud")]),
        ("https://api.example.com/v1", ("93.184.216.34",), []),
        ("http://127.0.0.1:8000/v1", ("93.184.216.34",), []),
        ("http://localhost:8000/v1", ("93.184.216.34",), []),
    ],
)
def test_only_home_names_are_looked_up(address: str, ips: tuple[str, ...], expected: list[tuple[str, Place]]) -> None:
    """A name at home gets the farthest place it leads to; a literal or a name of the world is never asked for (T33)."""
    asked: list[str] = []

    def look_up(host: str) -> tuple[str, ...]:
        asked.append(host)
        return ips

    async def play() -> list[tuple[str, Place]]:
        pool = Pool(Egress("lan", ["nas", "nas.local"]), resolver=Resolver(look_up))
        found = [pair async for pair in near_names([_provider("box", address)], pool)]
        await pool.aclose()
        return found

    found = asyncio.run(play())

    assert found == expected
    assert bool(asked) == bool(expected)
