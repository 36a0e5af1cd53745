"""What aiohttp would load that its server never uses: left out, since a daemon that runs all day should be small."""

from __future__ import annotations

import os
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager

_WHERE = ("SSL_CERT_FILE", "SSL_CERT_DIR")


@contextmanager
def without_certificates(environ: MutableMapping[str, str] = os.environ) -> Iterator[None]:
    """Let OpenSSL find no certificates meanwhile: aiohttp's client, which nobody uses here, reads all when imported.

    They are 2.6 MB and a tenth of the start. OpenSSL reads these variables whenever it looks for its own
    (SSL_CTX_set_default_verify_paths(3)); afterwards they are as they were.
    """
    before = {name: environ.get(name) for name in _WHERE}
    environ.update(dict.fromkeys(_WHERE, os.devnull))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del environ[name]
            else:
                environ[name] = value
