"""`hearth doctor PROVIDER`: the daemon asks, by the ordinary path, so that mode, keys and usage log hold."""

from __future__ import annotations

import msgspec

from hearth.client import Client, Refused
from hearth.status import Finding

ROUTE = "/hearth/v1/doctor"


def provider_check(daemon: Client, provider: str, model: str, *, free: bool) -> list[Finding]:
    """Return what stands in the way of a provider. Raises `DaemonAway`, and `Refused` for one that is not known."""
    order = {"provider": provider, "model": model, "free": free}
    with daemon.stream("POST", ROUTE, order) as response:
        body = response.read()
    try:
        return msgspec.json.decode(body, type=dict[str, list[Finding]])["findings"]
    except (msgspec.DecodeError, KeyError):
        raise Refused("version", "This command cannot read the answer.", "Run `hearth restart`.") from None
