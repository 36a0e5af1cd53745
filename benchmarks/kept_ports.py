"""A port of loopback that is kept for somebody who will listen at it later: nobody else is given it meanwhile."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def kept_port() -> Iterator[int]:
    """Yield a port at which nobody listens, as long as the block lasts; who names it may listen there.

    A socket that is bound and does not listen keeps it: who asks the system for any port gets another one, and who
    connects is refused. Only Linux lets two be bound to one port; elsewhere it is free, and may be given away.
    """
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        port = int(held.getsockname()[1])
        if sys.platform != "linux":
            held.close()
        yield port
