"""Google's official client chats, counts, embeds and lists through a daemon, whoever answers behind it."""

import base64
import json
from typing import Any

import pytest
from google.genai.types import EmbedContentConfig, FinishReason, FunctionCall, GenerateContentResponse, Part
from pydantic import BaseModel

from clients.gemini_stage import Stage, played, user
from clients.stage import HELLO, PIXEL, UNICODE

pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession")
"""google-genai inherits from aiohttp's session, which aiohttp discourages."""
KINDS = pytest.mark.parametrize("kind", ["ollama", "openai", "gemini"])
WEATHER: Any = {
    "function_declarations": [
        {
            "name": "get_weather",
            "description": "Weather",
            "parameters": {"type": "OBJECT", "properties": {"city": {"type": "STRING"}}, "required": ["city"]},
        }
    ]
}


class Place(BaseModel):
    """What an answer is to be."""

    city: str
    temp: int


def ask(kind: str, contents: object, *, model: str = "scripted", **config: Any) -> GenerateContentResponse:  # noqa: ANN401 -- the SDK's
    """What the client gets for one question."""

    async def act(on: Stage) -> GenerateContentResponse:
        given: Any = contents
        options: Any = config or None
        return await on.gemini.models.generate_content(model=model, contents=given, config=options)

    return played(act, kind)


def streamed(kind: str, contents: object, **config: Any) -> list[GenerateContentResponse]:  # noqa: ANN401 -- the SDK's
    """The chunks of an answer."""

    async def act(on: Stage) -> list[GenerateContentResponse]:
        given: Any = contents
        options: Any = config or None
        stream = await on.gemini.models.generate_content_stream(model="scripted", contents=given, config=options)
        return [chunk async for chunk in stream]

    return played(act, kind)


def parts(answer: GenerateContentResponse) -> list[Part]:
    """All parts of the first candidate."""
    content = (answer.candidates or [])[0].content
    return list(content.parts or []) if content else []


def reason(answer: GenerateContentResponse) -> FinishReason | None:
    """Why the first candidate ended."""
    return (answer.candidates or [])[0].finish_reason


def tokens(answer: GenerateContentResponse) -> tuple[int, int]:
    """The counts of prompt and answer."""
    usage = answer.usage_metadata
    assert usage is not None
    return usage.prompt_token_count or 0, usage.candidates_token_count or 0


def calls(answer: GenerateContentResponse) -> list[FunctionCall]:
    """The functions that the model calls."""
    return [part.function_call for part in parts(answer) if part.function_call]


def last_chat(on: Stage) -> str:
    """The last request for an answer that the provider got."""
    bodies = [call.body.decode() for call in on.rehearsal.calls]
    return next(body for body in reversed(bodies) if '"messages"' in body or '"contents"' in body)


@KINDS
def test_an_answer_whole_and_streamed(kind: str) -> None:
    """Words, reason and counts, the same both ways; the reason comes with the last chunk alone."""
    whole = ask(kind, "Hello there")
    chunks = streamed(kind, "Hello there")

    assert (whole.text, reason(whole)) == (HELLO, FinishReason.STOP)
    assert "".join(chunk.text or "" for chunk in chunks) == HELLO
    assert [reason(chunk) for chunk in chunks] == [None] * (len(chunks) - 1) + [FinishReason.STOP]
    assert tokens(whole) == tokens(chunks[-1])
    assert min(tokens(whole)) > 0


@KINDS
def test_odd_signs_survive(kind: str) -> None:
    """F9: characters of several bytes, and those that end lines elsewhere."""
    assert ask(kind, "unicode please").text == UNICODE
    assert "".join(chunk.text or "" for chunk in streamed(kind, "unicode please")) == UNICODE


@KINDS
@pytest.mark.parametrize("model", ["scripted", "gemini-3-pro"])
def test_functions_are_called_and_answered(kind: str, model: str) -> None:
    """Two calls at once; the client sends the model's turn back as it came, with its signatures, and it goes on."""

    async def act(on: Stage) -> tuple[GenerateContentResponse, GenerateContentResponse]:
        config: Any = {"tools": [WEATHER], "system_instruction": "Be brief."}
        question = user("both cities")
        called = await on.gemini.models.generate_content(model=model, contents=question, config=config)
        answers = [
            {"function_response": {"id": call.id, "name": call.name, "response": {"temp": 21}}}
            for call in calls(called)
        ]
        turns = [*question, (called.candidates or [])[0].content, *user(*answers)]
        return called, await on.gemini.models.generate_content(model=model, contents=turns, config=config)

    called, answered = played(act, kind)

    assert [(call.name, call.args) for call in calls(called)] == [
        ("get_weather", {"city": "Paris"}),
        ("get_weather", {"city": "Rome"}),
    ]
    assert answered.text == "It is 21 degrees and sunny in Paris. "


@KINDS
def test_calls_are_streamed_whole(kind: str) -> None:
    """A call comes in one chunk, its arguments an object."""
    made = [call.args for chunk in streamed(kind, "both cities", tools=[WEATHER]) for call in calls(chunk)]

    assert made == [{"city": "Paris"}, {"city": "Rome"}]


@KINDS
def test_the_clients_own_helper_calls_python_functions(kind: str) -> None:
    """Automatic function calling: the client runs the function and asks again, all by itself."""

    async def get_weather(city: str) -> dict[str, str]:
        """Weather of a city."""
        return {"sky": f"clear over {city}"}

    answer = ask(kind, "the weather, please", tools=[get_weather])

    assert answer.text == "It is 21 degrees and sunny in Paris. "
    assert len(answer.automatic_function_calling_history or []) > 1


@pytest.mark.parametrize("kind", ["openai", "gemini"])
def test_a_choice_of_functions_is_passed(kind: str) -> None:
    """Mode ANY with a name: that function is called, whatever was asked."""
    choice = {"function_calling_config": {"mode": "ANY", "allowed_function_names": ["get_weather"]}}

    answer = ask(kind, "Hello there", tools=[WEATHER], tool_config=choice)

    assert [call.name for call in calls(answer)] == ["get_weather"]


@KINDS
def test_thinking_is_apart(kind: str) -> None:
    """Thoughts that were asked for are parts marked so, whole and streamed; the client's `text` leaves them out."""
    wanted = {"include_thoughts": True}
    answer = ask(kind, "why is the sky blue?", thinking_config=wanted)
    chunks = streamed(kind, "why is the sky blue?", thinking_config=wanted)

    assert [part.text for part in parts(answer) if part.thought] == ["The user asks why.\n\n"]
    assert (answer.text or "").strip() == "Because of Rayleigh scattering."
    thoughts = [part.text or "" for chunk in chunks for part in parts(chunk) if part.thought]
    assert "".join(thoughts) == "The user asks why.\n\n"


@KINDS
def test_a_model_is_made_of_the_answer(kind: str) -> None:
    """A pydantic class as schema: the client makes one of the answer."""
    answer = ask(kind, "Hello", response_mime_type="application/json", response_schema=Place)

    assert answer.parsed == Place(city="Paris", temp=21)


@KINDS
def test_an_answer_cut_short_says_so(kind: str) -> None:
    """A limit of tokens ends it with MAX_TOKENS, a stop sequence with STOP and without the sequence."""
    limited = ask(kind, "Hello there", max_output_tokens=3)
    stopped = ask(kind, "Hello there", stop_sequences=["small"], temperature=0.0, seed=7, top_k=5, top_p=0.5)

    assert (limited.text, reason(limited)) == ("Hello! I", FinishReason.MAX_TOKENS)
    assert ((stopped.text or "").rstrip(), reason(stopped)) == ("Hello! I am a", FinishReason.STOP)


@KINDS
def test_pictures_are_seen(kind: str) -> None:
    """The client sends base64 of the URL-safe alphabet; the provider gets the picture whole."""

    async def act(on: Stage) -> tuple[str | None, str]:
        picture = Part.from_bytes(data=base64.b64decode(PIXEL), mime_type="image/png")
        given: Any = [picture, "Hello"]
        answer = await on.gemini.models.generate_content(model="scripted", contents=given)
        return answer.text, last_chat(on)

    said, sent = played(act, kind)

    assert said == HELLO
    assert base64.b64decode(PIXEL) in base64.b64decode(_picture_in(json.loads(sent)))


def _picture_in(value: Any) -> str:  # noqa: ANN401 -- any JSON
    """The longest text without spaces: the picture, in whichever form."""
    if isinstance(value, str):
        return value.rpartition(",")[2].replace("-", "+").replace("_", "/")
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return max((_picture_in(one) for one in inside), key=len, default="")


@KINDS
def test_a_chat_remembers(kind: str) -> None:
    """The client's own chat sends both turns with the next question."""

    async def act(on: Stage) -> tuple[str | None, str]:
        chat = on.gemini.chats.create(model="scripted")
        await chat.send_message("Hello there")
        async for _ in await chat.send_message_stream("and hello once more, world"):
            pass
        return (await chat.send_message("hi")).text, last_chat(on)

    said, sent = played(act, kind)

    assert said == HELLO
    assert sent.index("Hello there") < sent.index("and hello once more, world") < sent.rindex("hi")


@KINDS
def test_tokens_are_counted(kind: str) -> None:
    """Gemini's and llama-server's own count; else an estimate. No answer is generated."""

    async def act(on: Stage) -> tuple[int | None, list[str]]:
        before = len(on.rehearsal.calls)
        counted = await on.gemini.models.count_tokens(model="scripted", contents="why is the sky blue?")
        return counted.total_tokens, [call.path for call in on.rehearsal.calls[before:]]

    count, paths = played(act, kind)

    assert (count or 0) > 5
    assert not any(path.endswith(("/api/chat", "completions", ":generateContent")) for path in paths)


@KINDS
def test_vectors_of_one_and_of_many(kind: str) -> None:
    """One text or several, and fewer dimensions where the model has them."""

    async def act(on: Stage) -> list[list[float]]:
        one = await on.gemini.models.embed_content(model="embedder", contents="a")
        texts: Any = ["a", "b"]
        many: Any = await on.gemini.models.embed_content(model="embedder", contents=texts)
        return [list(each.values or []) for each in (*(one.embeddings or []), *many.embeddings)]

    single, first, second = played(act, kind)

    assert single == pytest.approx(first, abs=1e-6)
    assert (len(first), len(second)) == (16, 16)
    assert first != second


def test_shorter_vectors_are_asked_for() -> None:
    """`output_dimensionality` reaches whoever answers in its own word."""

    async def act(on: Stage) -> int:
        config = EmbedContentConfig(output_dimensionality=8)
        answer = await on.gemini.models.embed_content(model="embedder", contents="a", config=config)
        return len((answer.embeddings or [])[0].values or [])

    assert [played(act, kind) for kind in ("ollama", "gemini")] == [8, 8]


@KINDS
def test_models_are_listed_and_looked_up(kind: str) -> None:
    """All pages, each name without its tag known again; window and methods say what calls get."""

    async def act(on: Stage) -> tuple[list[str], list[str] | None, int | None]:
        names = [model.name or "" async for model in await on.gemini.models.list()]
        one = await on.gemini.models.get(model="gemini-2.5-flash")
        return names, one.supported_actions, one.input_token_limit

    names, methods, window = played(act, kind)

    found = {name.removeprefix("models/").removeprefix("box/").removesuffix(":latest") for name in names}
    assert found >= {"scripted", "gemini-2.5-flash", "gemini-3-pro", "embedder"}
    assert methods == ["generateContent", "countTokens"]
    assert (window or 0) >= 2048
