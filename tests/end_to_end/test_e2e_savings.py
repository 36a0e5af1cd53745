"""What answers at home saved: the price of the same tokens at the model's own cloud fallback, which is named."""

import asyncio

import pytest

from end_to_end.callers import Object, admin, call, calm, engine
from hearth.rehearsal import Rehearsal
from hearth_home import running

BODY = {"model": "scripted", "max_tokens": 16, "messages": [{"role": "user", "content": "hello"}]}
FAR = """
[providers.far]
dialect = "openai_chat"
address = "https://far.example.com/v1"
price = { input_per_million = 1000000, output_per_million = 2000000 }
"""
BY_LIST = 'mode = "lan"\n[fallback]\ncloud = ["far/large"]\n'
BY_MODEL = 'mode = "lan"\n[fallback]\ncloud = ["far/other"]\nby_model = { scripted = ["far/large"] }\n'
BY_ALIAS = 'mode = "lan"\n[models.fast]\nuse = ["ollama/scripted", "far/large"]\n'
NOWHERE = 'mode = "lan"\n'


async def _used(config: str, by: str = "model") -> Object:
    """The usage after one answer at home; mode lan keeps it there, and asks nobody else."""
    async with Rehearsal() as near, running(config + FAR + calm() + engine(near)) as home:
        answer = await call(home, "/api/chat", BODY)
        assert answer.status == 200
        report: Object = await admin(home, f"/hearth/v1/usage?by={by}")
        return report


@pytest.mark.parametrize("config", [BY_LIST, BY_MODEL, BY_ALIAS])
def test_home_is_compared_with_where_the_call_would_have_gone(config: str) -> None:
    """The list of fallbacks, that of the model, or an alias that holds both: one is found, priced and named."""
    report = asyncio.run(_used(config))

    (row,) = report["rows"]
    assert row["saved"] == {"USD": pytest.approx(row["input_tokens"] + 2 * row["output_tokens"])}
    assert (row["compared"], row["uncompared"]) == (["far/large"], 0)
    assert report["total"]["saved"] == row["saved"]


def test_without_a_cloud_fallback_nothing_is_claimed() -> None:
    """An answer that would have gone nowhere else saved nothing that anybody knows."""
    report = asyncio.run(_used(NOWHERE, by="day"))

    (row,) = report["rows"]
    assert (row["saved"], row["compared"], row["uncompared"]) == ({}, [], 1)
