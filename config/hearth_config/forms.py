"""The written forms of settings that are more than plain TOML values: how each is read, and how it is described."""

from collections.abc import Callable
from typing import Final, NamedTuple

from hearth_config import addresses, units
from hearth_config.addresses import Endpoint, TcpAddress
from hearth_config.dialects import DIALECT_FORM, check_dialect


class Form(NamedTuple):
    """`read` turns the text into a value or raises ValueError with the reason; `allowed` says what it takes."""

    read: Callable[[str], object]
    allowed: str
    shown: bool  # whether a wrong text may be repeated in an error; an address may hold a password


def _listen(text: str) -> Endpoint | str:
    return text if text in {"off", "systemd"} else addresses.parse_endpoint(text)


def _proxy(text: str) -> TcpAddress:
    address = addresses.parse_address(text)
    if not isinstance(address, TcpAddress) or address.prefix:
        raise ValueError("a proxy has a host and a port, and no path")
    return address


FORMS: Final[dict[str, Form]] = {
    "duration": Form(units.parse_duration, units.DURATION_FORM, shown=True),
    "duration or auto": Form(
        lambda text: None if text == "auto" else units.parse_duration(text),
        f'"auto", or {units.DURATION_FORM}',
        shown=True,
    ),
    "size": Form(units.parse_size, units.SIZE_FORM, shown=True),
    "percentage": Form(units.parse_percentage, units.PERCENTAGE_FORM, shown=True),
    "keep alive": Form(units.check_keep_alive, units.KEEP_ALIVE_FORM, shown=True),
    "name or none": Form(lambda text: None if text == "none" else text, 'a name, or "none"', shown=True),
    "dialect": Form(check_dialect, DIALECT_FORM, shown=True),
    "listen": Form(_listen, f'{addresses.ENDPOINT_FORM}, "off" or "systemd"', shown=True),
    "endpoint": Form(addresses.parse_endpoint, addresses.ENDPOINT_FORM, shown=True),
    "address": Form(addresses.parse_address, addresses.ADDRESS_FORM, shown=False),
    "address or off": Form(
        lambda text: text if text == "off" else addresses.parse_address(text),
        f'{addresses.ADDRESS_FORM}, or "off"',
        shown=False,
    ),
    "proxy": Form(_proxy, '"http://host:port"', shown=False),
}
