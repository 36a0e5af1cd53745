"""A provider that counts nonsense: its answer is handed on, and paid by an estimate; never a crash, never a credit."""

from __future__ import annotations

import asyncio
import json

import pytest

from end_to_end.callers import Object, admin, call, calm, chat
from hearth.rehearsal import Fault, Rehearsal, Script
from hearth_home import running

WORDS = "hello there friend"
TEXT = {"type": "text", "text": WORDS}
REPLIES: dict[str, tuple[str, Object, str]] = {
    "openai_chat": (
        "/v1",
        {"id": "x", "object": "chat.completion", "created": 1, "model": "m",
         "choices": [{"index": 0, "message": {"role": "assistant", "content": WORDS}, "finish_reason": "stop"}]},
        "usage",
    ),
    "openai_responses": (
        "/v1",
        {"id": "x", "object": "response", "created_at": 1, "status": "completed", "model": "m",
         "output": [{"id": "m", "type": "message", "role": "assistant", "status": "completed",
                     "content": [{"type": "output_text", "text": WORDS, "annotations": []}]}]},
        "usage",
    ),
    "anthropic": (
        "",
        {"id": "x", "type": "message", "role": "assistant", "model": "m", "content": [TEXT],
         "stop_reason": "end_turn", "stop_sequence": None},
        "usage",
    ),
    "cohere": (
        "/v2",
        {"id": "x", "finish_reason": "COMPLETE", "message": {"role": "assistant", "content": [TEXT]}},
        "usage",
    ),
    "gemini": (
        "/v1beta",
        {"candidates": [{"content": {"role": "model", "parts": [{"text": WORDS}]}, "finishReason": "STOP"}]},
        "usageMetadata",
    ),
}  # fmt: skip
NAMES = ("prompt_tokens", "completion_tokens", "input_tokens", "output_tokens", "promptTokenCount", "tokens")
NONSENSE: tuple[object, ...] = (
    None,
    "lots",
    [1],
    dict.fromkeys(NAMES, -5),
    dict.fromkeys(NAMES, "7"),
    dict.fromkeys(NAMES, 1.5),
    dict.fromkeys(NAMES, 2**80),
)


@pytest.mark.parametrize("dialect", REPLIES)
def test_an_answer_with_nonsense_counts_is_an_answer(dialect: str) -> None:
    """Missing, negative, huge, fractions, strings, in each dialect: 200, and an estimated cost."""
    path, reply, counts = REPLIES[dialect]

    async def scene() -> None:
        async with Rehearsal(Script(kind="openai")) as provider:
            price = "price = { input_per_million = 1000, output_per_million = 1000 }"
            config = (
                f'[providers.far]\ndialect = "{dialect}"\naddress = "{provider.url}{path}"\nplace = "cloud"\n{price}\n'
            )
            async with running(f'{calm()}{config}key = "x"\n', {}) as home:
                for nonsense in NONSENSE:
                    body = json.dumps({**reply, counts: nonsense}).encode()
                    provider.next(Fault.refuse(200, body), path="*")
                    answer = await call(home, "/v1/chat/completions", chat("far/m"))
                    assert answer.status == 200, (nonsense, answer.body)
                    assert answer.text == WORDS
                    assert 0 < float(answer.headers["x-hearth-cost"]) < 0.1
                report = await admin(home, "/hearth/v1/usage?by=provider")

        (row,) = report["rows"]
        assert row["estimated"] == len(NONSENSE)
        assert 0 < row["costs"]["USD"] < 1

    asyncio.run(scene())


def test_a_negative_cost_of_the_providers_own_is_no_credit() -> None:
    """Where its figure is the only one, the cost is unknown then."""

    async def scene() -> None:
        async with Rehearsal(Script(kind="openai")) as provider:
            config = f'[providers.far]\ndialect = "openai_chat"\naddress = "{provider.url}/v1"\nplace = "cloud"\n'
            async with running(calm() + config) as home:
                costs = []
                for cost in (-1, 0.25):
                    usage = {"prompt_tokens": 5, "completion_tokens": 5, "cost": cost}
                    body = json.dumps({**REPLIES["openai_chat"][1], "usage": usage}).encode()
                    provider.next(Fault.refuse(200, body))
                    answer = await call(home, "/v1/chat/completions", chat("far/m"))
                    costs.append(answer.headers["x-hearth-cost"])

        assert costs == ["unknown", "0.25"]

    asyncio.run(scene())
