"""Google's official client takes the rehearsal for the real thing, the Gemini API and Vertex alike."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import google.auth.credentials
import pytest
from google import genai
from google.genai.errors import APIError, ClientError
from google.genai.types import HttpOptions

from hearth.rehearsal import Fault, ModelScript, Rehearsal, Script

pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession")
T = TypeVar("T")
HELLO = "Hello! I am a small test model."
TOOLS: Any = [{"function_declarations": [{"name": "get_weather", "description": "Weather"}]}]
ALL = ("tools", "thinking", "completion")
MODELS = (
    ModelScript(name="gemini-2.5-flash", capabilities=ALL),
    ModelScript(name="gemini-3-pro", capabilities=ALL),
    ModelScript(name="embedder", capabilities=("embedding",), embedding_length=8),
)
EITHER = pytest.mark.parametrize("vertex", [False, True])


class Token(google.auth.credentials.Credentials):
    """A token that is there already."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # this library has no types
        self.token = "ya29.right"

    def refresh(self, request: object) -> None:
        """Nothing to do."""


def played(
    act: Callable[[genai.client.AsyncClient, Rehearsal], Awaitable[T]], *, vertex: bool = False, key: str = "right"
) -> T:
    """Let the client talk to the rehearsal itself."""

    async def run() -> T:
        script = Script(kind="gemini", models=MODELS, keys=("right", "ya29.right"))
        async with Rehearsal(script) as far:
            options = HttpOptions(base_url=far.url)
            if vertex:
                client = genai.Client(
                    vertexai=True, project="p", location="here", credentials=Token(), http_options=options
                ).aio
            else:
                client = genai.Client(api_key=key, vertexai=False, http_options=options).aio
            try:
                seen = await act(client, far)
            finally:
                await client.aclose()
            assert not far.panics
            return seen

    return asyncio.run(run())


@EITHER
def test_it_chats_streams_and_calls_functions(vertex: bool) -> None:
    """Whole and streamed words, thoughts apart, two calls, their answers."""

    async def act(client: genai.client.AsyncClient, _: Rehearsal) -> list[Any]:
        create = client.models.generate_content
        whole = await create(model="gemini-3-pro", contents="Hello there")
        stream = await client.models.generate_content_stream(model="gemini-2.5-flash", contents="Hello there")
        chunks = [chunk.text or "" async for chunk in stream]
        wanted: Any = {"thinking_config": {"include_thoughts": True}}
        thought = await create(model="gemini-3-pro", contents="why is the sky blue?", config=wanted)
        question: Any = {"role": "user", "parts": [{"text": "both"}]}
        tools: Any = {"tools": TOOLS}
        called: Any = await create(model="gemini-3-pro", contents=[question], config=tools)
        calls = called.function_calls
        parts = [{"function_response": {"id": one.id, "name": one.name, "response": {"temp": 21}}} for one in calls]
        turns: Any = [question, called.candidates[0].content, {"role": "user", "parts": parts}]
        answered = await create(model="gemini-3-pro", contents=turns, config=tools)
        return [whole.text, "".join(chunks), thought, [one.args for one in calls], answered.text]

    whole, streamed, thought, calls, answered = played(act, vertex=vertex)

    assert whole == streamed == HELLO
    assert [part.text for part in thought.candidates[0].content.parts if part.thought] == ["The user asks why.\n\n"]
    assert calls == [{"city": "Paris"}, {"city": "Rome"}]
    assert "sunny" in answered


@EITHER
def test_it_counts_and_embeds(vertex: bool) -> None:
    """Tokens of a prompt; a vector of length 1, shorter when asked for."""

    async def act(client: genai.client.AsyncClient, _: Rehearsal) -> tuple[int, int]:
        counted = await client.models.count_tokens(model="gemini-3-pro", contents="why is the sky blue?")
        config: Any = {"output_dimensionality": 4}
        made: Any = await client.models.embed_content(model="embedder", contents="a", config=config)
        return counted.total_tokens or 0, len(made.embeddings[0].values)

    assert played(act, vertex=vertex) == (6, 4)


def test_it_lists_in_pages() -> None:
    """The client follows the tokens of the pages by itself."""

    async def act(client: genai.client.AsyncClient, _: Rehearsal) -> list[str]:
        return [model.name or "" async for model in await client.models.list()]

    assert played(act) == ["models/gemini-2.5-flash", "models/gemini-3-pro", "models/embedder"]


def test_it_refuses_as_google_does() -> None:
    """A wrong key, an unknown model, a call sent back without its signature."""

    async def refused(client: genai.client.AsyncClient, model: str, contents: object) -> ClientError:
        given: Any = contents
        with pytest.raises(ClientError) as raised:
            await client.models.generate_content(model=model, contents=given)
        return raised.value

    call = {"role": "model", "parts": [{"function_call": {"name": "get_weather", "args": {}}}]}
    answer = {"role": "user", "parts": [{"function_response": {"name": "get_weather", "response": {}}}]}
    unsigned = [{"role": "user", "parts": [{"text": "both"}]}, call, answer]

    key = played(lambda client, _: refused(client, "gemini-3-pro", "Hello"), key="wrong")
    model = played(lambda client, _: refused(client, "gemini-9", "Hello"))
    signature = played(lambda client, _: refused(client, "gemini-3-pro", unsigned))

    assert (key.code, "API key not valid" in str(key)) == (400, True)
    assert model.code == 404
    assert "thought_signature" in str(signature)


def test_an_error_in_a_stream_is_raised() -> None:
    """Bare between the events, as Google sends it."""

    async def act(client: genai.client.AsyncClient, far: Rehearsal) -> APIError:
        far.when(lambda request: "stream" in request.path, Fault.error("Overloaded", after=3))
        with pytest.raises(APIError) as raised:
            async for _ in await client.models.generate_content_stream(model="gemini-3-pro", contents="Hello there"):
                pass
        return raised.value

    assert "Overloaded" in str(played(act))
