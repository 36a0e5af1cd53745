"""Providers that have the Responses API beside chat are called by it where a caller asks what chat cannot carry."""

from typing import Any

import pytest

from end_to_end.callers import admin, call
from end_to_end.preset_stage import Object, Row, last_call, play, row_of, sent
from hearth.rehearsal import Rehearsal
from hearth_home import Home

SEARCH = {"tools": [{"type": "web_search"}], "store": False}
SEALED = {"reasoning": {"effort": "low"}, "include": ["reasoning.encrypted_content"], "store": False}
PLAIN = {"store": False}


def ask(row: Row, **more: object) -> tuple[int, str, Object, Any]:
    """Ask by the Responses API; return the status, the path and the body that arrived, and what `why` tells."""

    async def act(home: Home, rehearsal: Rehearsal) -> tuple[int, str, Object, Any]:
        answer = await call(home, "/v1/responses", {"model": f"x/{row.model}", "input": "hello", **more})
        posts = [one for one in rehearsal.calls if one.method == "POST"]
        if not posts:
            return answer.status, "", answer.json(), None
        told = await admin(home, f"/hearth/v1/calls/{(await last_call(home))['id']}")
        return answer.status, posts[-1].path, sent(rehearsal), told["plan"]

    return play(row, act)


@pytest.mark.parametrize("preset", ["openai", "azure", "xai", "openrouter"])
@pytest.mark.parametrize("feature", [SEARCH, SEALED], ids=["its own tool", "sealed thinking"])
def test_what_chat_cannot_carry_goes_by_the_responses_api(preset: str, feature: Object) -> None:
    """Nothing in the config says so; the request arrives as it was, and `why` says for what."""
    status, path, body, plan = ask(row_of(preset), **feature)

    assert (status, path.rpartition("/")[2]) == (200, "responses")
    assert {name: body[name] for name in feature} == feature
    what = "the tool web_search" if feature is SEARCH else "encrypted reasoning"
    assert plan["called_by"] == f"x/{row_of(preset).model} by the Responses API, for {what}"


@pytest.mark.parametrize(("preset", "ending"), [("openai", "responses"), ("openrouter", "completions")])
def test_a_provider_that_keeps_responses_is_asked_to(preset: str, ending: str) -> None:
    """A response is kept unless its caller says otherwise, so that the next one may go on with it."""
    status, path, body, plan = ask(row_of(preset))

    assert (status, path.rpartition("/")[2], "messages" in body) == (200, ending, ending == "completions")
    assert (plan is None) == (preset == "openrouter")


@pytest.mark.parametrize("preset", ["openai", "azure", "xai", "openrouter"])
def test_what_chat_carries_goes_by_chat(preset: str) -> None:
    """A caller who wants nothing kept, and nothing of the provider's own, is translated as ever."""
    status, path, body, _ = ask(row_of(preset), **PLAIN)

    assert (status, path.rpartition("/")[2], "messages" in body) == (200, "completions", True)


@pytest.mark.parametrize("preset", ["openai", "azure", "xai"])
def test_an_earlier_response_is_found_where_it_was_kept(preset: str) -> None:
    """`previous_response_id` arrives at the provider that keeps responses; this one has lost it, and says so."""
    status, _, body, plan = ask(row_of(preset), previous_response_id="resp_abc")

    assert status >= 400
    assert body["previous_response_id"] == "resp_abc"
    assert "previous_response_id" in plan["called_by"]


@pytest.mark.parametrize("preset", ["openrouter", "groq"])
def test_a_provider_that_keeps_nothing_is_not_asked_for_an_earlier_response(preset: str) -> None:
    """It is refused by name before anything is sent."""
    status, path, body, _ = ask(row_of(preset), previous_response_id="resp_abc")

    assert (status, path) == (400, "")
    assert "previous_response_id" in body["error"]["message"]


def test_a_model_that_has_chat_alone_is_called_by_it() -> None:
    """Such models answer 404 by the Responses API."""
    row = row_of("openai")._replace(model="gpt-4o-search-preview")

    status, path, _, _ = ask(row)

    assert (status, path.rpartition("/")[2]) == (200, "completions")


def test_responses_kept_at_home_need_no_providers_store() -> None:
    """With `store = true` under [responses] Hearth keeps them, whoever answers."""
    row = row_of("openai")._replace(more="[responses]\nstore = true")

    status, path, _, _ = ask(row)

    assert (status, path.rpartition("/")[2]) == (200, "completions")


def test_the_config_can_say_otherwise() -> None:
    """`responses = "no"` under the quirks: such a feature is then refused by name."""
    row = row_of("openai")._replace(more='quirks = { responses = "no" }')

    status, path, body, _ = ask(row, **SEARCH)

    assert (status, path) == (400, "")
    assert "web_search" in body["error"]["message"]
