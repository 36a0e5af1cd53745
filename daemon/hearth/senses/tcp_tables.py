"""The TCP tables that Linux keeps in /proc, for where netlink is refused, and for who listens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from sys import byteorder

from hearth.senses.netlink import Endpoint, Owner

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LISTEN = "0A"
_ROW = re.compile(r"^ *\d+: ([0-9A-F]+):([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} ([0-9A-F]{2}) (.*)$", re.MULTILINE)
_UID, _INODE = 3, 5
"""Where they stand behind the state: queues, timer, retransmissions, uid, timeout, inode (proc(5))."""


def owner_in_tables(end: Endpoint, other: Endpoint) -> Owner | None:
    """Return whose the socket is that is named `end` and connected to `other`; None: there is none.

    Takes milliseconds: call it in a thread. Raises OSError where there is no /proc.
    """
    tables = [_read(table) for table in TABLES if table.exists()]
    if not tables:
        raise FileNotFoundError("there is no /proc/net/tcp")
    for mapped in (False, True):
        names = f" {_name(end, mapped=mapped)} {_name(other, mapped=mapped)} "
        for table in tables:
            _, found, rest = table.partition(names)
            if found:
                return _owner(rest.partition("\n")[0].split()[1:])
    return None


def listeners(port: int) -> Iterator[tuple[Endpoint, Owner]]:
    """Yield who listens on a port, at whichever address. Raises OSError where there is no /proc."""
    for table in TABLES:
        for address, found, state, rest in _ROW.findall(_read(table) if table.exists() else ""):
            if state == _LISTEN and int(found, 16) == port:
                yield Endpoint(_address(address), port), _owner(rest.split())


def _read(table: Path) -> str:
    return table.read_text("ascii", "replace")


def _owner(columns: list[str]) -> Owner:
    return Owner(int(columns[_UID]), int(columns[_INODE]))


def _name(end: Endpoint, *, mapped: bool) -> str:
    address = end.address
    packed = IPv6Address(f"::ffff:{address}").packed if mapped and isinstance(address, IPv4Address) else address.packed
    return f"{_swapped(packed).hex().upper()}:{end.port:04X}"


def _address(text: str) -> IPv4Address | IPv6Address:
    packed = _swapped(bytes.fromhex(text))
    if len(packed) == 4:
        return IPv4Address(packed)
    address = IPv6Address(packed)
    return address.ipv4_mapped or address


def _swapped(packed: bytes) -> bytes:
    """Turn between network order and the machine's, four bytes at a time: so the kernel prints addresses."""
    if byteorder == "big":
        return packed
    return b"".join(packed[at : at + 4][::-1] for at in range(0, len(packed), 4))
