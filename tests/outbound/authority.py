"""A certificate authority made for one test run by the openssl command, and servers that use it."""

from __future__ import annotations

import asyncio
import re
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from outbound.raw_server import RawServer

OPENSSL = shutil.which("openssl") or ""


class Authority:
    """A root certificate in a folder, and server certificates signed by it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "root.pem"
        self._openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "9",
            "-subj", "/CN=Test root", "-keyout", "root.key", "-out", "root.pem",
        )  # fmt: skip

    def certificate(self, name: str, *, days: int = 5) -> ssl.SSLContext:
        """A server's context for a name or IP; negative days make an expired certificate."""
        stem = f"{name}{days}".replace(".", "_")
        kind = "IP" if name[0].isdigit() else "DNS"
        (self.folder / f"{stem}.ext").write_text(f"subjectAltName={kind}:{name}\n")
        self._openssl(
            "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-subj", f"/CN={name}", "-keyout", f"{stem}.key", "-out", f"{stem}.csr",
        )  # fmt: skip
        self._openssl(
            "x509", "-req", "-in", f"{stem}.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial",
            *self._life(days), "-extfile", f"{stem}.ext", "-out", f"{stem}.pem",
        )  # fmt: skip
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / f"{stem}.pem", self.folder / f"{stem}.key")
        context.set_alpn_protocols(["h2", "http/1.1"])
        return context

    def _life(self, days: int) -> tuple[str, ...]:
        """How long it holds: OpenSSL 3.4 and later take no negative days, and those before it no dates."""
        newer = re.match(r"OpenSSL (3\.(?!0|1|2|3)|[4-9])", self._openssl("version"))
        if days > 0 or not newer:
            return "-days", str(days)
        return "-not_before", "20200101000000Z", "-not_after", "20200102000000Z"

    def _openssl(self, *arguments: str) -> str:
        done = subprocess.run([OPENSSL, *arguments], cwd=self.folder, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()


@asynccontextmanager
async def serving_tls(script: RawServer, context: ssl.SSLContext) -> AsyncIterator[int]:
    """A TLS server on a free loopback port."""
    server = await asyncio.start_server(script.run, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await script.stop()
