"""A daemon as the process in the foreground: event loop, signals, limits, what is said at the terminal."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from hearth.daemon import Daemon
from hearth.freed import give_back, keep_freed_memory
from hearth.own_log import set_up_log
from hearth.sealing.errors import CannotSeal
from hearth.server.sockets import CannotListen
from hearth_config.addresses import UnixAddress
from hearth_config.errors import ConfigError
from hearth_config.load import Loaded, load
from hearth_service.notify import Notifier

if TYPE_CHECKING:
    from hearth.sealing.seal import Seal
    from hearth.server.core import Core
    from hearth.standing_in import StandIn
    from hearth_config.paths import Paths

GC_EVERY = 20_000
"""Allocations between looks of the garbage collector; its default of 700 cost a tenth of each call."""
FD_WANTED = 16384
"""Open files for a thousand streams, each with two ends, at any of several listeners, and room to spare."""


_say = partial(print, flush=True)
"""At once, although a pipe or a service manager may be reading."""


def raise_fd_limit() -> None:
    """Allow as many open files as a thousand streams need, where the system lets us."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FD_WANTED if hard == resource.RLIM_INFINITY else min(FD_WANTED, hard)
    if soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def fill_standard_streams() -> None:
    """Let nothing be opened as 0, 1 or 2 where those were closed: what is written there by habit would end up in it."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)


def leave_no_core() -> None:
    """Leave no image of the memory, prompts and keys with it, on disk when the process is brought down (T17)."""
    if sys.platform == "win32":
        return
    import resource

    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def settle_memory() -> None:
    """Take what start-up made out of the collector's sight, and let it look less often: calls leave few cycles."""
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(GC_EVERY, 20, 50)
    with contextlib.suppress(Exception):  # another C library: nothing is lost but the time
        keep_freed_memory()


def event_loop() -> Callable[[], asyncio.AbstractEventLoop]:
    """Return the fastest event loop there is: uvloop where it exists."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


async def main(daemon: Daemon, announce: Callable[[Core], None]) -> None:
    """Run a daemon until it is asked to stop, by a signal or by the control API."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        if sys.platform == "win32":
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(daemon.stopping.set))
        else:
            loop.add_signal_handler(number, daemon.stopping.set)
    heed_hang_up(loop, daemon)
    notifier = Notifier(daemon.environ)
    await daemon.start()
    settle_memory()
    daemon.chores.begin("the look at freed memory", partial(give_back, lambda: not len(daemon.core.calls)))
    announce(daemon.core)
    notifier.ready(", ".join(daemon.core.listening))
    beat = loop.create_task(_show_life(notifier))
    try:
        await daemon.stopping.wait()
        notifier.stopping()
        await daemon.serve()
    finally:
        beat.cancel()


def heed_hang_up(loop: asyncio.AbstractEventLoop, daemon: Daemon) -> None:
    """Stop in good order when the terminal is closed; without a terminal SIGHUP has the config read again.

    Who started it to outlive the terminal (`nohup`) is not disturbed.
    """
    if sys.platform == "win32" or signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        return
    if os.isatty(0):
        loop.add_signal_handler(signal.SIGHUP, daemon.stopping.set)
    else:
        loop.add_signal_handler(signal.SIGHUP, daemon.chores.begin, "the reload that SIGHUP asked for", daemon.reload)


async def _show_life(notifier: Notifier) -> None:
    """Tell a service manager that the loop turns, from the loop itself: one that is stuck is started anew."""
    while notifier.interval_s is not None:
        notifier.alive()
        await asyncio.sleep(notifier.interval_s)


def run(paths: Paths, *, stand_in: bool = False, sealed: bool = False, say: Callable[[str], None] = _say) -> int:
    """Run Hearth in the foreground; returns the exit code. `say` tells the person at the terminal.

    `stand_in` starts the built-in engine if no Ollama answers; `sealed` seals it though the config does not.
    """
    os.umask(0o077)
    fill_standard_streams()
    raise_fd_limit()
    leave_no_core()
    environ = dict(os.environ)
    try:
        loaded = load(paths, environ, allow_missing=True)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    set_up_log(loaded.settings.log.level, paths.log_file)
    try:
        with _seal(loaded, wanted=sealed) as seal, asyncio.Runner(loop_factory=event_loop()) as runner:
            daemon = partial(Daemon, paths, loaded, environ, seal=seal)
            runner.run(_run(daemon, stand_in=stand_in, say=say))
    except (CannotListen, CannotSeal) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


@contextlib.contextmanager
def _seal(loaded: Loaded, *, wanted: bool) -> Iterator[Seal | None]:
    """Give the seal that the config or the command line wants, None without. Before there is an event loop."""
    if not (wanted or loaded.settings.sealed):
        yield None
        return
    from hearth.sealing.seal import Seal

    addresses = (provider.address for provider in loaded.settings.providers.values())
    seal = Seal(address.socket for address in addresses if isinstance(address, UnixAddress))
    try:
        yield seal
    finally:
        seal.end()


async def _run(make: Callable[[], Daemon], *, stand_in: bool, say: Callable[[str], None]) -> None:
    daemon = make()
    beside: StandIn | None = None
    if stand_in:
        from hearth.standing_in import StandIn

        beside = StandIn(daemon)
        await beside.step_in()
    try:
        await main(daemon, lambda core: _announce(core, say))
    finally:
        if beside is not None:
            await beside.step_out()


def _announce(core: Core, say: Callable[[str], None]) -> None:
    for address in core.listening:
        say(f"Hearth listens on {address}")
    if core.pool.egress.seal is not None:
        say("Sealed: the kernel keeps everything on this machine until Hearth is started anew.")
    if core.stand_in:
        say(f"No Ollama answers: the built-in stand-in engine (rehearsal) answers instead, at {core.stand_in}.")
        say("It is no model. Start Ollama, and it leaves by itself.")
