"""What is used here of aiohttp's server. All of `aiohttp.web`, with its routers and files, takes 1.4 MB more."""

from aiohttp.web_request import BaseRequest
from aiohttp.web_response import Response, StreamResponse
from aiohttp.web_server import Server

__all__ = ["BaseRequest", "Response", "Server", "StreamResponse"]
