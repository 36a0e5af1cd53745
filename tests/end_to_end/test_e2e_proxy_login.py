"""A proxy that wants a login gets the configured one at each dial; the config never shows it."""

import asyncio
import base64
from pathlib import Path

import httpx

from hearth_config.load import load
from hearth_config.paths import Paths
from hearth_config.shown import shown
from hearth_home import make, running
from outbound.raw_server import RawServer, Visit

WHERE = (
    '[providers.far]\ndialect = "openai_chat"\naddress = "https://far.example/v1"\nplace = "cloud"\nkey = "env:KEY"\n'
)


def test_the_login_goes_to_the_proxy() -> None:
    """By reference, like a key; the provider's own key stays out of the CONNECT."""
    heads: list[bytes] = []

    async def refuse(visit: Visit) -> None:
        head, _ = await visit.request()
        heads.append(head)
        await visit.say(b"HTTP/1.1 403 no\r\nContent-Length: 0\r\n\r\n")

    async def act() -> str:
        proxy = RawServer(refuse)
        server = await asyncio.start_server(proxy.run, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        more = f'proxy = "http://127.0.0.1:{port}"\nproxy_login = "env:LOGIN"\n[retry]\nattempts = 1\n'
        environ = {"LOGIN": "user:hunter2", "KEY": "sk-far"}
        try:
            async with (
                server,
                running(f"{WHERE}{more}", environ) as home,
                httpx.AsyncClient(base_url=home.url, timeout=20) as client,
            ):
                body = {"model": "far/m", "messages": [{"role": "user", "content": "Hello"}]}
                return (await client.post("/v1/chat/completions", json=body)).text
        finally:
            await proxy.stop()

    said = asyncio.run(act())

    assert b"CONNECT far.example:" in heads[0]
    assert base64.b64encode(b"user:hunter2") in heads[0]
    assert b"sk-far" not in heads[0]
    assert "hunter2" not in said


def test_a_login_in_the_file_is_masked_and_warned_about(tmp_path: Path) -> None:
    """T16: what is shown of the config holds dots, and the check says where it belongs."""
    make(tmp_path, f'{WHERE}proxy = "http://10.0.0.1:1"\nproxy_login = "user:hunter2"\n')
    loaded = load(Paths.find(str(tmp_path), {}), {})

    rows = {row.key: row.value for row in shown(loaded)}

    assert rows["providers.far.proxy_login"] == '"…"'
    assert any("holds the password itself" in str(warning) for warning in loaded.warnings)
