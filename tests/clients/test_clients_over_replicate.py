"""The official OpenAI and Ollama clients talk to Replicate's models through Hearth, streamed and asked for."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import openai
import pytest

from clients.stage import HELLO, PIXEL, TOOLS, Stage, hear, played, user
from hearth.rehearsal import Fault, ModelScript, Rehearsal, Script

T = TypeVar("T")
MODELS = (
    ModelScript(name="meta/llama", capabilities=("completion",)),
    ModelScript(name="acme/slow", capabilities=("completion", "polled"), tokens_per_second=12),
    ModelScript(name="acme/chatty", capabilities=("completion", "messages", "vision", "thinking")),
)
SCRIPT = Script(kind="replicate", models=MODELS, keys=("r8_secret",))


def provider(rehearsal: Rehearsal, more: str) -> str:
    """A config whose one provider is this rehearsal, played as Replicate; `more` goes into it."""
    return f'[providers.replicate]\naddress = "{rehearsal.url}/v1"\nkey = "r8_secret"\n{more}'


def play(act: Callable[[Stage], Awaitable[T]], more: str = "") -> T:
    """Play one act before a rehearsed Replicate, and return what it saw."""
    return played(act, SCRIPT, more, provider)


def bodies(on: Stage, path: str) -> list[Any]:
    """The bodies of the calls whose path ends so."""
    return [call.json() for call in on.rehearsal.calls if call.path.endswith(path)]


async def say(on: Stage, model: str, text: str, **more: Any) -> Any:  # noqa: ANN401 -- the client's own type
    return await on.openai.chat.completions.create(model=f"replicate/{model}", messages=user(text), **more)


def test_a_stream_is_followed_and_its_tokens_are_counted() -> None:
    """Create, stream, then the counts: the client sees one stream with the model's own usage."""

    async def act(on: Stage) -> tuple[list[Any], list[str]]:
        stream = await say(on, "meta/llama", "Hello there", stream=True, stream_options={"include_usage": True})
        chunks = [chunk async for chunk in stream]
        return chunks, [f"{call.method} {call.path.partition('s/')[0]}" for call in on.rehearsal.calls[-4:]]

    chunks, asked = play(act)

    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == HELLO
    assert chunks[-1].usage.model_dump(include={"prompt_tokens", "completion_tokens"}) == {
        "prompt_tokens": 2,
        "completion_tokens": 9,
    }
    assert asked == ["GET /v1/model", "POST /v1/model", "GET /v1/stream", "GET /v1/prediction"]


@pytest.mark.parametrize("model", ["meta/llama", "acme/slow"])
def test_a_whole_answer_is_asked_for_until_it_is_there(model: str) -> None:
    """Without a stream the prediction is asked after, at its own address."""

    async def act(on: Stage) -> Any:  # noqa: ANN401 -- the client's own type
        return await say(on, model, "Hello there")

    whole = play(act)

    assert whole.choices[0].message.content == HELLO
    assert whole.choices[0].finish_reason == "stop"
    assert whole.usage.completion_tokens == 9


def test_a_model_without_a_stream_still_streams_to_its_caller() -> None:
    """What is new since the last question goes out at once."""

    async def act(on: Stage) -> list[str]:
        stream = await on.ollama.chat("replicate/acme/slow", user("Hello there"), stream=True)
        return [piece.message.content or "" async for piece in stream]

    pieces = play(act)

    assert "".join(pieces) == HELLO
    assert len([piece for piece in pieces if piece]) > 1


def test_the_input_is_written_as_the_model_takes_it() -> None:
    """One model takes a prompt and stops in one text, another a conversation; each description is read once."""
    turns: Any = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hi."},
        {"role": "user", "content": "hello again"},
    ]

    async def act(on: Stage) -> list[Any]:
        for model in ("meta/llama", "acme/chatty", "meta/llama"):
            more: Any = {"stop": ["END"]} if model == "meta/llama" else {}
            await on.openai.chat.completions.create(
                model=f"replicate/{model}", messages=turns, max_tokens=3, temperature=0.5, **more
            )
        descriptions = [call for call in on.rehearsal.calls if call.path == "/v1/models/meta/llama"]
        assert len(descriptions) == 1
        return bodies(on, "/predictions")

    first, second, _ = play(act)

    assert first["input"] == {
        "prompt": "User: Hello\nAssistant: Hi.\nUser: hello again\nAssistant:",
        "system_prompt": "Be brief.",
        "max_tokens": 3,
        "stop_sequences": "END",
        "temperature": 0.5,
    }
    assert second["input"]["messages"] == turns
    assert second["input"]["max_completion_tokens"] == 3


def test_an_answer_that_is_as_long_as_its_limit_was_cut_by_it() -> None:
    """Replicate names no reason; the counts do."""

    async def act(on: Stage) -> str:
        return str((await say(on, "meta/llama", "Hello there", max_tokens=3)).choices[0].finish_reason)

    assert play(act) == "length"


def test_pictures_and_efforts_go_where_the_model_has_an_input_for_them() -> None:
    """A model without such an input is not asked: the caller is told what is missing."""
    picture: Any = [
        {"type": "text", "text": "Hello"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
    ]

    async def act(on: Stage) -> tuple[Any, list[str]]:
        messages: Any = [{"role": "user", "content": picture}]
        await on.openai.chat.completions.create(
            model="replicate/acme/chatty", messages=messages, reasoning_effort="low"
        )
        refusals = []
        asked: tuple[Any, ...] = ({"messages": messages}, {"messages": user("Hello"), "tools": TOOLS})
        for more in asked:
            with pytest.raises(openai.APIStatusError) as caught:
                await on.openai.chat.completions.create(model="replicate/meta/llama", **more)
            refusals.append(f"{caught.value.status_code} {caught.value.message}")
        return bodies(on, "/predictions"), refusals

    sent, refusals = play(act)

    assert [body["input"]["image"][:22] for body in sent] == ["data:image/png;base64,"]
    assert sent[0]["input"]["reasoning_effort"] == "low"
    assert "takes no images" in refusals[0]
    assert "cannot call tools" in refusals[1]


def test_versions_and_deployments_have_paths_of_their_own() -> None:
    """A version goes into the body; a deployment's inputs are those of the version it runs."""
    version = MODELS[0].full_digest

    async def act(on: Stage) -> tuple[list[str | None], Any, list[str]]:
        said = [
            (await say(on, model, "Hello there")).choices[0].message.content
            for model in (f"meta/llama:{version}", version, "deployments/acme/mine")
        ]
        created = [call for call in on.rehearsal.calls if call.method == "POST"]
        return said, created[0].json()["version"], [call.path for call in created]

    said, sent_version, paths = play(act)

    assert said == [HELLO] * 3
    assert sent_version == version
    assert paths == ["/v1/predictions", "/v1/predictions", "/v1/deployments/acme/mine/predictions"]


def test_webhooks_and_inputs_of_the_config_are_sent_along() -> None:
    """`extra` lies beside the input, `extra.input` over it."""
    more = 'extra = { webhook = "https://example.com/hook", input = { seed = 7 } }'

    async def act(on: Stage) -> Any:  # noqa: ANN401 -- JSON
        await say(on, "meta/llama", "Hello there")
        return bodies(on, "/predictions")[0]

    sent = play(act, more)

    assert sent["webhook"] == "https://example.com/hook"
    assert sent["input"]["seed"] == 7


@pytest.mark.parametrize("stream", [True, False])
def test_a_prediction_that_fails_is_an_error_and_no_end(stream: bool) -> None:
    """What it had said stays; what ended it is raised by the client."""

    async def act(on: Stage) -> tuple[str, int]:
        pieces: list[Any] = []

        async def ask() -> None:
            await hear(await say(on, "meta/llama", "please fail", stream=stream), pieces)

        with pytest.raises(openai.APIError) as caught:
            await ask()
        return caught.value.message, len(pieces)

    message, pieces = play(act)

    assert "broke off on purpose" in message
    assert bool(pieces) == stream


def test_a_stream_that_is_cut_is_taken_up_by_asking() -> None:
    """The prediction goes on without its stream, and what is missing comes from it; nothing comes twice."""

    async def act(on: Stage) -> str:
        on.rehearsal.when(lambda request: "/streams/" in request.path, Fault.cut(objects=3))
        stream = await say(on, "meta/llama", "Hello there", stream=True)
        return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    assert play(act) == HELLO


def test_without_counts_and_description_an_answer_is_still_one() -> None:
    """What can be done without is done without: the prompt as for any model, tokens estimated."""

    async def act(on: Stage) -> tuple[Any, Any]:
        on.rehearsal.when(
            lambda request: request.method == "GET" and "/streams/" not in request.path, Fault.refuse(500)
        )
        stream = await say(on, "meta/llama", "Hello there", stream=True, max_tokens=5)
        text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
        return text, bodies(on, "/predictions")[0]["input"]

    assert play(act) == (HELLO, {"prompt": "Hello there"})


def test_refusals_of_the_api_are_told_as_what_they_are() -> None:
    """Unknown model, no credit, too fast: each with its own class and status at the client (RFC 7807)."""

    async def act(on: Stage) -> list[Any]:
        seen: list[Any] = []
        for model, fault in (("who/knows", None), ("meta/llama", 402), ("meta/llama", 422)):
            if fault is not None:
                on.rehearsal.next(Fault.refuse(fault))
            with pytest.raises(openai.APIStatusError) as caught:
                await say(on, model, "Hello there")
            seen.append(caught.value.status_code)
        return seen

    assert play(act, "[retry]\nattempts = 1") == [404, 402, 422]


def test_models_of_the_language_collection_are_listed() -> None:
    """The list of Hearth names them by owner and name."""

    async def act(on: Stage) -> set[str]:
        return {model.id async for model in on.openai.models.list()}

    assert {"replicate/meta/llama", "replicate/acme/chatty"} <= play(act)
