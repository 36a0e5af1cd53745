"""A Responses request that is passed on keeps its bytes, save for thoughts of providers of other dialects."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hearth.call import Outline
from hearth.dialects.body import cut
from hearth.dialects.dialect import Destination
from hearth.dialects.openai_responses import CALLED

TO = Destination("openai", "gpt-6", prefix="/v1")
OUTLINE = Outline("responses", "chat", "m", stream=True)
OURS = "rs_" + "0123456789abcdef0123456789" + "00"
QUESTION = {"role": "user", "content": 'say "reasoning"'}


def spliced(*items: Any) -> list[Any]:  # noqa: ANN401 -- JSON
    """What is sent of these items."""
    sent = CALLED.splice(OUTLINE, cut(json.dumps({"model": "m", "input": list(items)}).encode()), TO)
    found: list[Any] = json.loads(sent.body)["input"]
    return found


def thought(**members: object) -> dict[str, object]:
    return {"type": "reasoning", "summary": [], **members}


@pytest.mark.parametrize(
    "foreign",
    [
        thought(id=OURS, encrypted_content="hearth:anthropic:abc"),
        thought(id=OURS),
        thought(id=OURS, encrypted_content=None),
        thought(encrypted_content="hearth:gemini:"),
    ],
)
def test_a_thought_of_another_provider_stays_here(foreign: dict[str, object]) -> None:
    """Its seal could not be verified there, and an id of ours could not be found."""
    own = thought(id="rs_" + "a" * 48, encrypted_content="gAAAAA")

    assert spliced(QUESTION, foreign, own) == [QUESTION, own]


def test_a_thought_that_another_provider_of_this_dialect_sealed_stays_here() -> None:
    """Two accounts cannot read each other's encrypted thoughts; what nobody is known to have made goes along."""
    theirs, own = thought(id="rs_1", encrypted_content="gAAAAB"), thought(encrypted_content="gAAAAA")
    to = replace(TO, foreign={"gAAAAB"})

    sent = CALLED.splice(OUTLINE, cut(json.dumps({"model": "m", "input": [QUESTION, theirs, own]}).encode()), to)

    assert json.loads(sent.body)["input"] == [QUESTION, own]


@given(
    st.lists(
        st.sampled_from(
            [
                QUESTION,
                thought(id="rs_" + "a" * 48, encrypted_content="gAAAAA"),
                thought(id=OURS, encrypted_content="gAAAAA"),
                thought(id="rs_" + "a" * 48),
                {"type": "function_call", "name": "reasoning", "call_id": "c", "arguments": "{}"},
            ]
        )
    )
)
def test_everything_else_passes(items: list[dict[str, Any]]) -> None:
    """What a provider of this dialect sealed or numbered goes back to it, and words are only words."""
    assert spliced(*items) == items


@pytest.mark.parametrize("given", ["plain words with reasoning", [7, "reasoning"], {"reasoning": 1}, None])
def test_what_is_no_list_of_items_is_the_providers_to_refuse(given: object) -> None:
    """Odd input is passed on as it came."""
    body = json.dumps({"model": "m", "input": given}).encode()

    assert json.loads(CALLED.splice(OUTLINE, cut(body), TO).body)["input"] == given
