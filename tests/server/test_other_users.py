"""Another user of the same machine: ten ways in, each of them shut (run as root, who can become that user)."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hearth_home import Home, running

NOBODY = 65534
PYTHONS = ("/usr/bin/python3", "/usr/local/bin/python3", sys.executable)
pytestmark = pytest.mark.skipif(
    sys.platform == "win32" or os.getuid() != 0,
    reason="only root can become another user",
)

RECIPES = r"""
import json, os, socket, sys
folder, port, right = sys.argv[1], int(sys.argv[2]), sys.argv[3]
def ask(path, header="", family=socket.AF_INET, address="127.0.0.1", method="GET", host=None):
    with socket.socket(family) as sock:
        if family == socket.AF_UNIX: sock.connect(address)
        else: sock.connect((address, port))
        host = host or "127.0.0.1:%d" % port
        head = "%s %s HTTP/1.1\r\nHost: %s\r\n%sConnection: close\r\n\r\n" % (method, path, host, header)
        sock.sendall(head.encode())
        data = b""
        while piece := sock.recv(65536): data += piece
        return int(data.split()[1])
def tried(act):
    try: return act()
    except (OSError, IndexError) as error: return type(error).__name__
tags = "/api/tags"
print(json.dumps({
    "TCP without a token": tried(lambda: ask(tags)),
    "a wrong token": tried(lambda: ask(tags, "Authorization: Bearer hearth_guess\r\n")),
    "a dummy": tried(lambda: ask(tags, "X-Api-Key: sk-dummy\r\n")),
    "::1": tried(lambda: ask(tags, family=socket.AF_INET6, address="::1")),
    "a mapped address": tried(lambda: ask(tags, family=socket.AF_INET6, address="::ffff:127.0.0.1")),
    "orders": tried(lambda: ask("/hearth/v1/stop", method="POST")),
    "the name of the socket": tried(lambda: ask("/hearth/v1/status", host="localhost:%d" % port)),
    "the socket": tried(lambda: ask(tags, family=socket.AF_UNIX, address=folder + "/hearth.sock", host="localhost")),
    "the socket's file": tried(lambda: os.chmod(folder + "/hearth.sock", 0o666)),
    "the token file": tried(lambda: open(folder + "/token").read()),
    "the lock": tried(lambda: open(folder + "/hearth.lock", "a")),
    "the config": tried(lambda: open(folder + "/hearth.toml").read()),
    "a token that was given": tried(lambda: ask(tags, "Authorization: Bearer %s\r\n" % right)),
    "orders with it": tried(lambda: ask("/hearth/v1/status", "Authorization: Bearer %s\r\n" % right)),
    "what is public": tried(lambda: ask("/")),
}))
"""


def test_another_user_gets_nothing_but_what_a_token_allows() -> None:
    """T6, T28, G5: by either address, the socket or the files; only a token that its owner gave away opens anything."""

    async def act() -> dict[str, object]:
        async with running() as home:
            return await asyncio.to_thread(_as_nobody, home)

    found = asyncio.run(act())

    shut = {
        name: found.pop(name)
        for name in ("the socket", "the socket's file", "the token file", "the lock", "the config")
    }
    assert set(shut.values()) == {"PermissionError"}
    assert found == {
        "TCP without a token": 401,
        "a wrong token": 401,
        "a dummy": 401,
        "::1": 401,
        "a mapped address": 401,
        "orders": 401,
        "the name of the socket": 401,
        "a token that was given": 200,
        "orders with it": 403,
        "what is public": 200,
    }


def _as_nobody(home: Home) -> dict[str, object]:
    python = next(path for path in PYTHONS if Path(path).exists())
    command = [python, "-I", "-c", RECIPES, str(home.folder), str(home.port), home.token("infer")]
    try:
        done = subprocess.run(
            command, user=NOBODY, group=NOBODY, extra_groups=[], capture_output=True, check=True, timeout=30, cwd="/"
        )
    except PermissionError as error:
        pytest.skip(f"no Python here that another user may run ({error})")
    found: dict[str, object] = json.loads(done.stdout)
    return found
