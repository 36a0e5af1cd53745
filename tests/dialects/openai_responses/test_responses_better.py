"""What a request of the Responses API asks for that others answer without, and this dialect would heed."""

import json
from typing import Any

import pytest

from hearth.call import STORED
from hearth.dialects.body import cut
from hearth.dialects.openai_responses import SERVED

FUNCTION: dict[str, Any] = {"type": "function", "name": "get_weather", "parameters": {"type": "object"}}


@pytest.mark.parametrize(
    ("asked", "better"),
    [
        ({}, (STORED,)),
        ({"store": True}, (STORED,)),
        ({"store": False}, ()),
        ({"store": False, "include": ["reasoning.encrypted_content"], "reasoning": {}}, ("encrypted reasoning",)),
        ({"store": False, "include": ["reasoning.encrypted_content"]}, ()),
        ({"store": False, "tools": [FUNCTION, {"type": "web_search"}]}, ("the tool web_search",)),
        ({"store": False, "tools": [{"type": "web_search"}]}, ()),
        ({"store": False, "input": [{"type": "reasoning", "encrypted_content": "x"}]}, ("encrypted reasoning",)),
    ],
)
def test_an_outline_names_what_its_own_dialect_alone_would_heed(asked: Any, better: tuple[str, ...]) -> None:  # noqa: ANN401 -- any members
    """What others answer without is no reason to refuse them, but one to ask a provider of both dialects by this."""
    members = cut(json.dumps({"model": "m", "input": "hi", **asked}).encode())

    assert SERVED.outline("responses", members).better == better
