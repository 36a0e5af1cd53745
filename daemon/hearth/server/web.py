"""What is used here of aiohttp's server. All of `aiohttp.web`, with its routers and files, takes 1.4 MB more."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp.web_request import BaseRequest
from aiohttp.web_response import Response, StreamResponse
from aiohttp.web_server import Server

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter
    from aiohttp.http import HttpVersion
    from aiohttp.http_parser import RawRequestMessage
    from aiohttp.streams import StreamReader
    from aiohttp.web_protocol import RequestHandler
    from multidict import CIMultiDictProxy

__all__ = ["BaseRequest", "Request", "Response", "Server", "StreamResponse"]


class Request(BaseRequest):
    """aiohttp's request. What each is asked for again and again lies at hand: aiohttp looks it up by calls."""

    __slots__ = ("content", "headers", "keep_alive", "method", "protocol", "raw_path", "version")
    protocol: RequestHandler
    content: StreamReader
    method: str
    raw_path: str
    headers: CIMultiDictProxy[str]
    version: HttpVersion
    keep_alive: bool

    def __init__(
        self,
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: RequestHandler,
        writer: AbstractStreamWriter,
        task: asyncio.Task[None],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        """Take what aiohttp's server hands in."""
        super().__init__(message, payload, protocol, writer, task, loop)
        self.protocol = protocol
        self.content = payload
        self.method = message.method
        self.raw_path = message.path
        self.headers = message.headers
        self.version = message.version
        self.keep_alive = not message.should_close

    def forget_task(self) -> None:
        """Break the cycle of a task that refers to its request: it is answered."""
        del self._task
