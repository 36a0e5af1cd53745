"""The official `ollama` client chats through Hearth, whether an Ollama or an OpenAI-compatible server answers."""

import asyncio
from typing import Any

import ollama
import pytest

from clients.stage import HELLO, PIXEL, SCHEMA, TOOLS, UNICODE, Stage, played, user
from hearth.rehearsal import ModelScript, Script
from hearth.rehearsal.script import Kind

both = pytest.mark.parametrize("kind", ["ollama", "openai"])
SEEING = ModelScript(name="seeing", capabilities=("completion", "vision"))


@both
def test_a_chat_is_answered_whole_and_as_a_stream(kind: Kind) -> None:
    """Both ways give the same words; the last piece says that it is done, why, and how much it was."""

    async def act(on: Stage) -> tuple[Any, list[Any]]:
        whole = await on.ollama.chat("scripted", user("Hello there"))
        return whole, [piece async for piece in await on.ollama.chat("scripted", user("Hello there"), stream=True)]

    whole, pieces = played(act, kind)

    assert whole.message.content == "".join(piece.message.content for piece in pieces) == HELLO
    assert (whole.done, whole.done_reason) == (pieces[-1].done, pieces[-1].done_reason) == (True, "stop")
    assert [piece.done for piece in pieces[:-1]] == [False] * (len(pieces) - 1)
    assert whole.eval_count == pieces[-1].eval_count == 10
    assert whole.message.role == "assistant"


def test_the_sync_client_chats_and_generates_too() -> None:
    """Other threads call as well; what they get is the same."""

    def call(url: str) -> list[str | None]:
        client = ollama.Client(url)
        try:
            pieces = client.chat("scripted", user("Hello there"), stream=True)
            streamed = "".join(piece.message.content or "" for piece in pieces)
            return [streamed, client.generate("scripted", "Hello there").response]
        finally:
            client._client.close()  # noqa: SLF001 -- this client has no public way to close

    async def act(on: Stage) -> list[str | None]:
        return await asyncio.to_thread(call, on.home.url)

    assert played(act) == [HELLO, HELLO]


def test_separators_are_escaped_where_we_write_the_lines() -> None:
    """The client breaks lines at U+2028, U+2029 and U+0085, so that none of them may stand in a line bare."""

    async def act(on: Stage) -> list[str | None]:
        whole = await on.ollama.chat("scripted", user("unicode"))
        pieces = [
            piece.message.content async for piece in await on.ollama.chat("scripted", user("unicode"), stream=True)
        ]
        return [whole.message.content, "".join(map(str, pieces))]

    assert played(act, "openai") == [UNICODE, UNICODE]


@both
def test_tools_are_called_one_or_two_at_a_time(kind: Kind) -> None:
    """Arguments are objects, and a streamed call comes in one piece."""

    async def act(on: Stage) -> list[Any]:
        one = await on.ollama.chat("scripted", user("The weather in Paris?"), tools=TOOLS)
        two = await on.ollama.chat("scripted", user("both"), tools=TOOLS)
        stream = await on.ollama.chat("scripted", user("both"), tools=TOOLS, stream=True)
        streamed = [call async for piece in stream for call in piece.message.tool_calls or ()]
        return [one.message.tool_calls, two.message.tool_calls, streamed]

    one, two, streamed = played(act, kind)

    assert [call.function.arguments for call in one] == [{"city": "Paris"}]
    assert [call.function.arguments for call in two] == [{"city": "Paris"}, {"city": "Rome"}]
    assert [call.function.name for call in streamed] == ["get_weather"] * 2
    assert [call.function.arguments for call in streamed] == [{"city": "Paris"}, {"city": "Rome"}]


@both
def test_a_tools_result_is_answered_in_words(kind: Kind) -> None:
    """This client sends no call ids back: results are paired with calls by name and order."""

    async def act(on: Stage) -> str | None:
        messages = user("both")
        asked = await on.ollama.chat("scripted", messages, tools=TOOLS)
        results = [{"role": "tool", "tool_name": "get_weather", "content": said} for said in ("21 degrees", "25")]
        told = await on.ollama.chat("scripted", [*messages, asked.message, *results], tools=TOOLS)
        return told.message.content

    assert (played(act, kind) or "").startswith("It is 21 degrees")


@both
def test_thoughts_come_beside_the_answer(kind: Kind) -> None:
    """Asked for, they stand in `thinking`; switched off, the provider is told so in its own way."""

    async def act(on: Stage) -> list[Any]:
        thought = await on.ollama.chat("thinker", user("why?"), think=True)
        stream = await on.ollama.chat("thinker", user("why?"), think=True, stream=True)
        streamed = "".join([piece.message.thinking or "" async for piece in stream])
        await on.ollama.chat("thinker", user("why?"), think=False)
        return [thought.message, streamed, on.rehearsal.calls[-1].body]

    thought, streamed, sent = played(act, kind)

    assert thought.thinking == streamed == "The user asks why.\n\n"
    assert thought.content.startswith("Because of Rayleigh")
    assert (b'"think":false' if kind == "ollama" else b'"enable_thinking":false') in sent


@both
def test_a_schema_reaches_the_model(kind: Kind) -> None:
    """A JSON schema and the word "json" both give the object that was asked for."""
    forms: list[Any] = [SCHEMA, "json"]

    async def act(on: Stage) -> list[str | None]:
        said = [await on.ollama.chat("scripted", user("Paris"), format=form) for form in forms]
        return [one.message.content for one in said]

    assert played(act, kind) == ['{"city": "Paris", "temp": 21}'] * 2


@both
def test_options_reach_the_model(kind: Kind) -> None:
    """Stop words, seed, length and log probabilities do what they say, whoever answers."""

    async def act(on: Stage) -> list[Any]:
        stopped = await on.ollama.chat("scripted", user("Hello there"), options={"stop": [" small"], "seed": 7})
        short = await on.ollama.chat("scripted", user("count"), options={"num_predict": 3, "top_k": 5})
        told = await on.ollama.chat("scripted", user("Hello there"), logprobs=True, top_logprobs=2)
        return [stopped.message.content, short, told.logprobs]

    stopped, short, told = played(act, kind)

    assert stopped == "Hello! I am a"
    assert (short.message.content, short.done_reason) == (" one, two, three,", "length")
    assert "".join(each.token for each in told) == HELLO


@pytest.mark.parametrize("script", [Script(models=(SEEING,)), Script(kind="openai", models=(SEEING,))])
def test_an_image_reaches_a_model_that_sees(script: Script) -> None:
    """Bare base64 becomes a data URL with its real type where the server wants one."""

    async def act(on: Stage) -> tuple[str | None, bytes]:
        said = await on.ollama.chat("seeing", [{"role": "user", "content": "hello", "images": [PIXEL]}])
        sent = await on.rehearsal.wait_for_call(path="chat" if script.kind == "ollama" else "completions")
        return said.message.content, sent.body

    said, sent = played(act, script)

    assert said == HELLO
    assert PIXEL.encode() in sent
    assert (f"data:image/png;base64,{PIXEL}".encode() in sent) == (script.kind == "openai")


@both
def test_a_prompt_is_answered_and_the_middle_filled_in(kind: Kind) -> None:
    """`generate` with a plain prompt, as a stream, and with a suffix as autocomplete sends it."""

    async def act(on: Stage) -> list[str | None]:
        whole = await on.ollama.generate("scripted", "Hello there", system="Be terse.")
        stream = await on.ollama.generate("scripted", "Hello there", stream=True)
        streamed = "".join([piece.response or "" async for piece in stream])
        filled = await on.ollama.generate("templated", "def add(a, b):", suffix="\n")
        return [whole.response, streamed, filled.response]

    assert played(act, kind) == [HELLO, HELLO, " return a + b"]
