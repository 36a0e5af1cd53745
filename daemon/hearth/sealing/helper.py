"""Hearth's end of the broker: asks it for connections, and gets each as a socket that is connected already."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import itertools
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterable

from hearth.problems import Unreachable
from hearth.sealing import broker

_VARIABLES = ("LD_LIBRARY_PATH",)
"""What the broker gets of the environment: what its Python may need to start, and no key (T17)."""
_FULL_CHANNEL_S = 0.005
_LONGEST_ANSWER = 64
_INT = struct.Struct("=i")
_ONE_DESCRIPTOR = socket.CMSG_SPACE(_INT.size) if hasattr(socket, "CMSG_SPACE") else 0
_ENDS_WITHIN_S = 2.0


class BrokerGone(Unreachable):
    """The broker has ended, so that nothing can be connected any more."""


class Helper:
    """The broker as seen from the event loop. `pid` is its process; `gone` says that it has ended."""

    def __init__(self, paths: Iterable[str]) -> None:
        """Start the broker; `paths` are the Unix sockets that it may connect to. To be done before the seal."""
        self.gone = False
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._channel.setblocking(False)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", broker.__file__, str(theirs.fileno()), *paths],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                env={name: os.environ[name] for name in _VARIABLES if name in os.environ},
                cwd="/",
                start_new_session=True,
            )
        self.pid = self._process.pid
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[socket.socket]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    async def tcp(self, ip: str, port: int) -> socket.socket:
        """Return a socket that is connected to a loopback address. Raises OSError as connect(2) does, `BrokerGone`."""
        return await self._ask(f"tcp {ip} {port}")

    async def unix(self, path: str) -> socket.socket:
        """Return a socket that is connected to a Unix socket of the config at start. Raises as `tcp` does."""
        return await self._ask(f"unix {path}")

    def attend(self) -> None:
        """Listen to the broker from the running event loop on: its answers, and its end."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._loop.add_reader(self._channel, self._receive)

    def close(self) -> None:
        """Let the broker end."""
        self._lost()
        self._channel.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_ENDS_WITHIN_S)

    async def _ask(self, what: str) -> socket.socket:
        self.attend()
        number = next(self._numbers)
        answer: asyncio.Future[socket.socket] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            await self._send(f"{number} {what}")
            return await answer
        except BaseException:
            self._give_up(number, answer)
            raise

    async def _send(self, words: str) -> None:
        while not self.gone:
            try:
                self._channel.send(words.encode())
            except BlockingIOError:  # hundreds of wishes at once, which the broker takes up one by one
                await asyncio.sleep(_FULL_CHANNEL_S)
            except OSError:
                self._lost()
            else:
                return
        raise _gone()

    def _give_up(self, number: int, answer: asyncio.Future[socket.socket]) -> None:
        """Leave no socket behind, neither one on its way nor one that came as its caller was cancelled."""
        if self._waiting.pop(number, None) is not None:
            with contextlib.suppress(OSError):  # a full channel: the answer is then closed when it comes
                self._channel.send(b"%d cancel" % number)
        elif answer.done() and not answer.cancelled() and answer.exception() is None:
            answer.result().close()

    def _receive(self) -> None:
        try:
            message, beside, _, _ = self._channel.recvmsg(_LONGEST_ANSWER, _ONE_DESCRIPTOR, socket.MSG_CMSG_CLOEXEC)
        except BlockingIOError:
            return
        except OSError:
            message, beside = b"", []
        if not message:
            self._lost()
            return
        number, _, code = message.partition(b" ")
        descriptors = [_INT.unpack(data)[0] for _, _, data in beside]
        answer = self._waiting.pop(int(number), None)
        if answer is None or answer.done():
            for descriptor in descriptors:
                os.close(descriptor)
        elif descriptors:
            answer.set_result(socket.socket(fileno=descriptors[0]))
        else:
            why = int(code) or errno.EMFILE  # it was connected, and this process has no room for another descriptor
            answer.set_exception(OSError(why, os.strerror(why)))

    def _lost(self) -> None:
        """Take note that the broker is gone: who waits for it must know."""
        self.gone = True
        if self._loop is not None:
            self._loop.remove_reader(self._channel)
            self._loop = None
        waiting, self._waiting = self._waiting, {}
        for answer in waiting.values():
            if not answer.done():
                answer.set_exception(_gone())


def _gone() -> BrokerGone:
    return BrokerGone(
        "the broker, which connects a sealed Hearth to local engines, has ended.",
        next_step="`hearth restart` starts Hearth anew, and the broker with it.",
    )
