"""`hearth ui`: a link for the user's own browser, in a process of its own."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest

from cli.terminal import command, environment
from hearth_home import Home, running
from server.door import Answer, ask
from ui.browser import link

ASK = """
import encodings.idna, os, socket, sys
os.setgid(65534); os.setuid(65534)
port, path = int(sys.argv[1]), sys.argv[2]
with socket.create_connection(("127.0.0.1", port)) as sock:
    sock.sendall(f"GET {path} HTTP/1.1\\r\\nHost: 127.0.0.1:{port}\\r\\nConnection: close\\r\\n\\r\\n".encode())
    print(sock.recv(100).split()[1].decode())
"""


async def hearth(home: Home, *arguments: str, **variables: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *command(home.folder, *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(**variables),
    )
    said, complaint = await process.communicate()
    return process.returncode or 0, said.decode(), complaint.decode()


async def opened(home: Home, url: str) -> Answer:
    parts = urlsplit(url)
    assert parts.port == home.port
    return await ask(home, "GET", f"{parts.path}?{parts.query}")


@pytest.mark.parametrize("arguments", [("ui", "--print"), ("ui",)])
def test_it_prints_a_link_that_works_once(arguments: tuple[str, ...]) -> None:
    """With --print, or where there is no screen to open a browser on: the link, and how long it is good for."""

    async def act() -> tuple[tuple[int, str, str], list[int]]:
        async with running() as home:
            said = await hearth(home, *arguments)
            return said, [(await opened(home, said[1].strip())).status for _ in range(2)]

    (code, _, complaint), statuses = asyncio.run(act())

    assert code == 0
    assert "Open it within 60 seconds; it works once." in complaint
    assert statuses == [303, 401]


def test_it_prints_json_for_scripts() -> None:
    """--json: a link for each address, and the seconds they are good for; the first use of either uses both up."""

    async def act() -> tuple[dict[str, object], list[int]]:
        async with running() as home:
            found = msgspec.json.decode((await hearth(home, "ui", "--json"))[1], type=dict[str, object])
            urls = msgspec.convert(found["urls"], list[str])
            return found, [(await opened(home, url)).status for url in urls]

    found, statuses = asyncio.run(act())

    assert found["seconds"] == 60
    assert statuses[0] == 303
    assert set(statuses[1:]) <= {401}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows chooses its browser by itself")
def test_it_opens_the_users_browser(tmp_path: Path) -> None:
    """On a screen the browser is given the link, and the terminal says so without it."""
    script, seen = tmp_path / "browser", tmp_path / "seen"
    script.write_text(f'#!/bin/sh\nprintf %s "$1" > {seen}\n')
    script.chmod(stat.S_IRWXU)

    async def act() -> tuple[tuple[int, str, str], Answer]:
        async with running() as home:
            said = await hearth(home, "ui", DISPLAY=":99", BROWSER=str(script))
            return said, await opened(home, seen.read_text())

    (code, said, _), answer = asyncio.run(act())

    assert (code, said) == (0, "The dashboard is open in your browser.\n")
    assert answer.status == 303


def test_without_a_tcp_address_it_says_what_to_do() -> None:
    """Tcp = "off": exit code 1 and the line to set."""

    async def act() -> tuple[int, str, str]:
        async with running('[listen]\ntcp = "off"\n') as home:
            return await hearth(home, "ui")

    code, said, complaint = asyncio.run(act())

    assert (code, said) == (1, "")
    assert 'Set tcp = "127.0.0.1:11430" under [listen].' in complaint


@pytest.mark.skipif(sys.platform == "win32" or os.getuid() != 0, reason="only root can become another user")
def test_another_user_does_not_get_in_by_a_link_they_saw() -> None:
    """T6, T20: a link read from the process list opens nothing for another user, and is not used up by the try."""

    async def act() -> tuple[str, int]:
        async with running() as home:
            url = await link(home)
            path = url.removeprefix(home.url)
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", ASK, str(home.port), path, stdout=subprocess.PIPE, cwd="/"
            )
            said, _ = await process.communicate()
            return said.decode().strip(), (await opened(home, url)).status

    assert asyncio.run(act()) == ("401", 303)
