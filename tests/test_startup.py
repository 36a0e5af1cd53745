"""What a daemon imports when it starts: the dialects of its providers and clients, and nothing that nobody uses."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from hearth.dialects import registry
from outbound.authority import OPENSSL, Authority

OTHERS = (
    "genai_prices", "zstandard", "keyring", "google.auth", "PIL", "pystray", "pytest", "hypothesis", "rich", "httpx",
    "importlib.metadata", "hearth.rehearsal", "hearth.demo", "hearth.conformance", "hearth.client",
    "anyio._core._eventloop", "anyio._backends._asyncio", "encodings.idna", "aiohttp.web",
)  # fmt: skip
"""Libraries and parts that cost time or memory, and that a plain `hearth run` has no use for."""
OF_MIGRATIONS = ("sqlite_utils", "dateutil", "pluggy", "importlib.resources", "zipfile")
"""What making the tables of the usage log needs, once in its life."""
CLIENTS = {
    "/v1/messages": "anthropic",
    "/v1beta/models/m:generateContent": "gemini",
    "/v2/chat": "cohere",
    "/v1/responses": "openai_responses",
    "/v1/chat/completions": "openai_chat",
}
RUN = """
import json, os, sys, threading
from hearth.cli import main

told = os.fdopen(int(sys.argv.pop(2)), "w")

def tell():
    for line in sys.stdin:
        print(json.dumps(sorted(sys.modules)), file=told, flush=True)

threading.Thread(target=tell, daemon=True).start()
sys.argv = ["hearth", "--home", sys.argv[1], "run"]
main()
"""
"""`hearth run`, which tells what it has imported whenever it gets a line; by a pipe of its own, since log lines come
between any two writes."""


class Running:
    """A daemon as a process of its own."""

    def __init__(self, process: subprocess.Popen[str], port: int, told: IO[str]) -> None:
        self._process = process
        self._port = port
        self._told = told

    def ask(self, method: str, path: str, body: object = None) -> int:
        """Send a request and return the status of its answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        connection.request(method, path, json.dumps(body) if body is not None else None)
        status = connection.getresponse().status
        connection.close()
        return status

    def imported(self) -> set[str]:
        """Return the names of all modules that it has imported so far."""
        assert self._process.stdin
        self._process.stdin.write("?\n")
        self._process.stdin.flush()
        return set(json.loads(self._told.readline()))


@contextmanager
def _running(home: Path, providers: str) -> Iterator[Running]:
    file = home / "hearth.toml"
    file.write_text(f'[listen]\ntcp = "127.0.0.1:0"\nsocket = "{home}/s"\n{providers}', encoding="utf-8")
    file.chmod(0o600)
    reader, writer = os.pipe()
    command = [sys.executable, "-c", RUN, str(home), str(writer)]
    with (
        os.fdopen(reader) as told,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            pass_fds=[writer],
        ) as process,
    ):
        os.close(writer)
        try:
            yield Running(process, _port(process), told)
        finally:
            process.terminate()
            process.communicate(timeout=60)


def _port(process: subprocess.Popen[str]) -> int:
    """Read what it says until it says where it listens."""
    assert process.stdout
    until = time.monotonic() + 60
    for line in process.stdout:
        if "http://127.0.0.1:" in line:
            return int(line.partition("http://127.0.0.1:")[2].split()[0].rstrip("/,;."))
        assert time.monotonic() < until
    raise AssertionError("it has ended")


def _dialects(modules: set[str]) -> set[str]:
    return {name for name in registry.OURS if f"hearth.dialects.{name}" in modules}


def _provider(dialect: str) -> str:
    return f'[providers.x]\ndialect = "{dialect}"\naddress = "http://127.0.0.1:9/v1"\nplace = "cloud"\nkey = "k"\n'


@pytest.mark.parametrize("dialect", [name for name in registry.OURS if name != "ollama"])
def test_a_dialect_that_nobody_uses_is_not_imported(dialect: str, tmp_path: Path) -> None:
    """A daemon imports Ollama's, which it speaks to its own engine, and those of its configured providers, no other."""
    with _running(tmp_path, _provider(dialect)) as daemon:
        assert _dialects(daemon.imported()) == {"ollama", dialect}


def test_a_plain_start_imports_nothing_for_later(tmp_path: Path) -> None:
    """What only some calls, other commands or other programs need waits until it is needed."""
    with _running(tmp_path, "") as daemon:
        modules = daemon.imported()

    assert _dialects(modules) == {"ollama"}
    assert not [name for name in OTHERS if name in modules]


def test_a_start_with_a_usage_log_does_not_bring_in_what_made_it(tmp_path: Path) -> None:
    """The tables are made by the first start; each later one does without the library that made them."""
    with _running(tmp_path, "") as daemon:
        daemon.ask("GET", "/api/version")
    with _running(tmp_path, "") as daemon:
        modules = daemon.imported()

    assert not [name for name in OF_MIGRATIONS if name in modules]


@pytest.mark.skipif(not OPENSSL, reason="openssl makes the certificate")
def test_no_certificates_are_read_for_a_client_that_nobody_uses(tmp_path: Path) -> None:
    """What aiohttp is imported with has none, although there is one; what needs certificates later finds it."""
    code = (
        "import hearth.server, ssl, aiohttp.connector\n"
        "contexts = aiohttp.connector._SSL_CONTEXT_VERIFIED, ssl.create_default_context()\n"
        "print([len(context.get_ca_certs()) for context in contexts])"
    )
    environ = {**os.environ, "SSL_CERT_FILE": str(Authority(tmp_path).root)}

    said = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True).stdout

    assert said == "[0, 1]\n"


def test_a_clients_dialect_is_imported_with_its_first_call(tmp_path: Path) -> None:
    """The first client of a dialect brings it in, and no other."""
    with _running(tmp_path, "") as daemon:
        expected = {"ollama"}
        for path, dialect in CLIENTS.items():
            status = daemon.ask("POST", path, {"model": "nobody", "messages": [], "input": "x", "contents": []})

            expected |= {dialect}
            assert 400 <= status < 600
            assert _dialects(daemon.imported()) == expected
