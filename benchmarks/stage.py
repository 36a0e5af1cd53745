"""Everything that takes part in one case, started fresh for it: the mock, Hearth, nginx, and the routes to them."""

import contextlib
from collections.abc import Iterator

import msgspec

from measure import two_cores
from routes import AGAIN, DIRECT, HEARTH, NGINX, PAIRS, PAIRS_DIRECT, Route
from targets import NotStarted, Server, hearth, mock, nginx


class Stage(msgspec.Struct, frozen=True):
    """The servers by target name, the routes that can be taken, and a note for each target that is missing."""

    servers: dict[str, Server]
    routes: tuple[Route, ...]
    notes: tuple[str, ...] = ()

    def base(self, route: Route) -> Route:
        """The direct route with which this one is compared: the same words from the client, no gateway."""
        return next(other for other in self.routes if other.column == "direct" and other.dialect == route.dialect)


@contextlib.contextmanager
def staged(targets: tuple[str, ...]) -> Iterator[Stage]:
    """Start the mock and those of `targets` ("hearth", "nginx", "again") that are there; end them afterwards."""
    here, there = two_cores()
    with contextlib.ExitStack() as stack:
        upstream = stack.enter_context(mock(here))
        servers, routes, notes = {"direct": upstream}, [*DIRECT], []
        if "again" in targets:
            servers["again"] = upstream
            routes += AGAIN
        for name, start, ways in (("nginx", nginx, NGINX), ("hearth", hearth, HEARTH)):
            if name not in targets:
                continue
            try:
                servers[name] = stack.enter_context(start(upstream.port, there))
                routes += ways
            except NotStarted as error:
                notes.append(str(error))
        yield Stage(servers, tuple(routes), tuple(notes))


@contextlib.contextmanager
def staged_pairs() -> Iterator[Stage]:
    """Start the mock, and a Hearth that knows it as a provider of every dialect; end them afterwards."""
    here, there = two_cores()
    with contextlib.ExitStack() as stack:
        upstream = stack.enter_context(mock(here))
        try:
            server = stack.enter_context(hearth(upstream.port, there, pairs=True))
        except NotStarted as error:
            yield Stage({"direct": upstream}, PAIRS_DIRECT, (str(error),))
            return
        yield Stage({"direct": upstream, "hearth": server}, (*PAIRS_DIRECT, *PAIRS))
