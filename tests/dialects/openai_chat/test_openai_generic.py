"""A server of which nothing is known but its dialect: what it is sent."""

import json

from hearth.dialects.body import cut
from hearth.dialects.dialect import Destination
from hearth.dialects.openai_chat import CALLED, SERVED
from hearth_config.layers import build_provider

TO = Destination(
    "box",
    "real",
    quirks=build_provider("box", {"dialect": "openai_chat", "address": "http://127.0.0.1:9/v1"}, {}).quirks,
)
MORE = {"seed": 1, "user": "u", "parallel_tool_calls": False, "min_p": 0.1, "x": [1]}
MEMBERS = cut(json.dumps({"messages": [{"role": "user", "content": "x"}], **MORE}).encode())


def test_a_caller_of_its_own_dialect_is_taken_at_its_word() -> None:
    """Fields that not every server knows pass: who speaks the dialect chose them."""
    body = json.loads(CALLED.splice(SERVED.outline("chat", MEMBERS), MEMBERS, TO).body)

    assert {name: body.get(name) for name in MORE} == MORE


def test_a_translated_request_holds_what_all_servers_know() -> None:
    """Knobs beyond that are left out, so that a strict server does not refuse a request its caller never wrote."""
    request = SERVED.read("chat", MEMBERS)

    body = json.loads(CALLED.request(request, TO, stream=False).body)

    assert set(body) == {"model", "messages", "stream"}
