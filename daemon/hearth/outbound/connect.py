"""The one place that dials: every byte to a provider leaves by a socket connected here, after `Egress` said yes."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import os
import socket
import ssl
from collections.abc import Callable, Coroutine
from typing import TypeVar

from msgspec import Struct

from hearth.call import Place
from hearth.outbound.egress import Egress, Seal
from hearth.outbound.happy import first_to_connect
from hearth.outbound.limits import Limits
from hearth.outbound.names import Resolver, is_local_name
from hearth.outbound.proxy import Proxy, open_tunnel
from hearth.outbound.tls import context_for, tls_problem
from hearth.problems import Forbidden, Problem, TimedOut, Unreachable
from hearth_config.addresses import Address, TcpAddress, UnixAddress, place_of, with_port

P = TypeVar("P", bound=asyncio.Protocol)
T = TypeVar("T")

START_IT = "Is it running? Otherwise correct its address in hearth.toml."
_REASONS = {
    errno.ECONNREFUSED: ("connection refused at {0}.", START_IT),
    errno.ENOENT: ("there is no socket at {0}.", START_IT),
    errno.ENOTSOCK: ("there is no socket at {0}.", START_IT),
    errno.EACCES: ("{0} may not be opened by this user.", ""),
    errno.EPERM: ("{0} may not be opened by this user.", ""),
    errno.ENETUNREACH: ("no network leads to {0}.", "Is the network up?"),
    errno.EHOSTUNREACH: ("no route leads to {0}.", "Is the network up, and that machine on?"),
    errno.ECONNRESET: ("{0} reset the connection.", ""),
    errno.EMFILE: ("no file descriptor is left for a connection to {0}.", "Raise the limit of open files (ulimit -n)."),
}


class Route(Struct, frozen=True):
    """How a provider is reached: `place` is what was planned, `ca` a PEM file instead of the system's certificates."""

    address: Address
    place: Place
    ca: str | None = None
    proxy: Proxy | None = None

    @property
    def host(self) -> str:
        """The name or IP literal in the address; "" for a Unix socket."""
        return self.address.host if isinstance(self.address, TcpAddress) else ""


async def connect(
    route: Route, protocol_factory: Callable[[], P], *, permit: Egress, limits: Limits, resolver: Resolver, who: str
) -> tuple[P, str]:
    """Return a connected protocol and what was dialled ("127.0.0.1:11434" or a socket's path).

    Raises `Forbidden` before anything leaves, else `Unreachable` or `TimedOut`.
    """
    permit.allow(route.place, route.host, who)
    if isinstance(route.address, UnixAddress):
        sock, dialled = (
            await _timed(_dial_unix(route.address.socket, permit.seal), route.address.socket, limits.connect, who),
            route.address.socket,
        )
    else:
        sock, dialled = await _dial_tcp(route, route.address, permit, limits, resolver, who)
    try:
        return await _wrap(sock, route, protocol_factory, limits, who), dialled
    except BaseException:
        sock.close()
        raise


async def _dial_tcp(
    route: Route, address: TcpAddress, permit: Egress, limits: Limits, resolver: Resolver, who: str
) -> tuple[socket.socket, str]:
    at_home = place_of(address.host) == "machine" or is_local_name(address.host)
    proxy = None if at_home else route.proxy  # never for loopback, whatever place was planned (pain 32)
    if proxy is None:
        return await _dial_host(address, route.place, permit, limits, resolver, who)
    _check_through_proxy(route, address, permit, who)
    sock, dialled = await _dial_host(proxy.address, route.place, permit, limits, resolver, who)
    try:
        tunnel = open_tunnel(sock, proxy, address.host, address.port, who)
        await _timed(tunnel, f"the proxy {dialled}", limits.connect, who)
    except BaseException:
        sock.close()
        raise
    return sock, f"{address.host}:{address.port} by proxy {dialled}"


def _check_through_proxy(route: Route, address: TcpAddress, permit: Egress, who: str) -> None:
    """A proxy looks names up itself, so that only what was planned as cloud may be a name there."""
    if _is_literal(address.host):
        permit.check_dial(address.host, route.place, who)
    elif route.place != "cloud":
        raise Forbidden(
            f"{address.host} behind a proxy cannot be checked to be near.", who=who, next_step="Name its IP address."
        )


async def _dial_host(
    address: TcpAddress, planned: Place, permit: Egress, limits: Limits, resolver: Resolver, who: str
) -> tuple[socket.socket, str]:
    host, port = address.host, address.port
    ips = (host,) if _is_literal(host) else await resolver.addresses(host, permit, who)

    async def dial(ip: str) -> tuple[socket.socket, str]:
        where = with_port(ip, port)
        permit.contacts.note(where, permit.check_dial(ip, planned, who))
        return await _dial_ip(ip, port, permit.seal), where

    def discard(dialled: tuple[socket.socket, str]) -> None:
        dialled[0].close()

    where = with_port(host, port)
    return await _timed(first_to_connect(ips, dial, discard), where, limits.connect, who)


async def _dial_ip(ip: str, port: int, seal: Seal | None) -> socket.socket:
    if seal is not None:
        sock = await seal.tcp(ip, port)
    else:
        sock = socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.settimeout(0.0)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if seal is None:
            # as bytes: of a text uvloop asks the codec of international names, which brings half a megabyte with it
            await asyncio.get_running_loop().sock_connect(sock, (ip.encode(), port))
    except BaseException:
        sock.close()
        raise
    return sock


async def _dial_unix(path: str, seal: Seal | None) -> socket.socket:
    if seal is not None:
        sock = await seal.unix(path)
        sock.settimeout(0.0)
        return sock
    family = getattr(socket, "AF_UNIX", None)
    if family is None:
        raise OSError(errno.EAFNOSUPPORT, "this system has no Unix sockets")
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(0.0)
        while (result := sock.connect_ex(path)) == errno.EAGAIN:  # noqa: ASYNC110 - a full queue gives no event
            await asyncio.sleep(0.02)
        if result:
            raise OSError(result, os.strerror(result))
    except BaseException:
        sock.close()
        raise
    return sock


async def _wrap(sock: socket.socket, route: Route, factory: Callable[[], P], limits: Limits, who: str) -> P:
    loop = asyncio.get_running_loop()
    address = route.address
    if isinstance(address, UnixAddress):
        _, protocol = await loop.create_unix_connection(factory, sock=sock)
    elif address.scheme == "http":
        _, protocol = await loop.create_connection(factory, sock=sock)
    else:
        context = await loop.run_in_executor(None, context_for, route.ca, who)
        try:
            async with asyncio.timeout(limits.tls + 1.0):
                _, protocol = await loop.create_connection(
                    factory, sock=sock, ssl=context, server_hostname=address.host, ssl_handshake_timeout=limits.tls
                )
        except (OSError, ssl.SSLError) as error:
            raise tls_problem(error, address.authority, who, limits.tls) from None
    return protocol


async def _timed(work: Coroutine[object, object, T], where: str, seconds: float, who: str) -> T:
    """Give the work its seconds, and turn what the system says into a `Problem`: the one border."""
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        raise TimedOut(f"no connection to {where} within {seconds:g} s.", who=who) from None
    except OSError as error:
        raise _unreachable(error, where, who) from None


def _unreachable(error: OSError, where: str, who: str) -> Problem:
    text, step = _REASONS.get(
        error.errno or 0, ("no connection to {0}: " + (error.strerror or str(error) or "it failed") + ".", "")
    )
    return Unreachable(text.format(where), who=who, next_step=step)


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
