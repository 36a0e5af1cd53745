"""One API at several addresses: Vertex is asked for Gemini's models, and Azure by deployments, as the plain ones are.

The same questions as in the matrix, by one client: what differs lies between Hearth and the provider.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from end_to_end.callers import call, calm
from hearth.rehearsal import ModelScript, Rehearsal, Script
from hearth_home import running
from matrix.cast import Provider
from matrix.cells import Outcome, Scene, play_at
from matrix.questions import FEATURES, Feature

CLIENT = "anthropic"
GOOGLE = "/v1beta1/projects/mine/locations/here/publishers/google"
OLD = 'preset = "azure"\napi_version = "2024-10-21"'
AT: dict[str, Provider] = {
    "vertex": Provider("gemini", "gemini-3.5-flash", 'preset = "vertex"', GOOGLE),
    "azure": Provider("openai", "gpt-6-luna", 'preset = "azure"', "/openai/v1", flavour="azure"),
    "azure-deployments": Provider("openai", "gpt-5.1", OLD, "/openai", flavour="azure", shows_thoughts=False),
}
PATHS = {
    "vertex": f"{GOOGLE}/models/gemini-3.5-flash:",
    "azure": "/openai/v1/responses",
    "azure-deployments": "/openai/deployments/gpt-5.1/chat/completions?api-version=2024-10-21",
}
"""Where each is asked. Azure's newer models are called by the Responses API, like OpenAI's (wire/providers §0.1)."""
REFUSED: dict[str, dict[Feature, str]] = {"azure": {"stop": "The Responses API has no stop sequences."}}

Cells = dict[tuple[Feature, bool], Outcome]


async def _cells(name: str) -> tuple[Cells, set[str], set[str]]:
    """All cells, the paths that were asked, and the headers that held the key."""
    async with AsyncExitStack() as stack:
        rehearsal = await stack.enter_async_context(Rehearsal(AT[name].script()))
        config = calm() + "[retry]\nattempts = 1\n" + AT[name].config(name, rehearsal.url)
        home = await stack.enter_async_context(running(config))
        scene, cells, paths, keys = Scene(home, {name: rehearsal}), {}, set(), set()
        for feature in FEATURES:
            for stream in (True, False):
                cells[feature, stream] = await play_at(scene, CLIENT, name, AT[name], feature, stream=stream)
                asked = [one for one in rehearsal.calls if one.method == "POST"]
                paths |= {one.path for one in asked}
                keys |= {header for one in asked for header, given in one.headers if "sk-test" in given}
        return cells, paths, keys


@pytest.mark.parametrize("name", AT)
def test_what_is_asked_is_kept_there_too(name: str) -> None:
    """Nothing is lost, streamed or whole; the key goes where this provider reads it, and nowhere else."""
    cells, paths, keys = asyncio.run(_cells(name))

    for (feature, stream), outcome in cells.items():
        reason = REFUSED.get(name, {}).get(feature, "")
        expected = "refused" if reason else "unseen" if (name, feature) == ("azure-deployments", "thinking") else "kept"
        assert outcome.word == expected, f"{feature}, {'streamed' if stream else 'whole'}: {outcome.why}"
        assert reason in outcome.why
    assert all(path.startswith(PATHS[name]) for path in paths), paths
    assert {key.lower() for key in keys} == ({"authorization"} if name == "vertex" else {"api-key"})


def test_azures_deployments_embed_and_take_a_token() -> None:
    """A deployment of an embedding model has its own path; a token of Entra goes as one, and the key's header not."""

    async def act() -> tuple[int, str, dict[str, str]]:
        async with AsyncExitStack() as stack:
            models = (ModelScript(name="vectors", capabilities=("embedding",)),)
            script = Script(kind="openai", flavour="azure", models=models)
            rehearsal = await stack.enter_async_context(Rehearsal(script))
            config = f'[providers.x]\n{OLD}\naddress = "{rehearsal.url}/openai"\nkey = "token"\nauth = "bearer"\n'
            home = await stack.enter_async_context(running(calm() + config))
            answer = await call(home, "/v1/embeddings", {"model": "x/vectors", "input": ["a", "b"]})
            last = rehearsal.calls[-1]
            return answer.status, last.path, {name.lower(): given for name, given in last.headers}

    status, path, headers = asyncio.run(act())

    assert status == 200
    assert path == "/openai/deployments/vectors/embeddings?api-version=2024-10-21"
    assert (headers.get("authorization"), headers.get("api-key")) == ("Bearer token", None)
