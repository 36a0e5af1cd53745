"""The official `replicate` client takes the rehearsal for the real thing."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest
from replicate.client import Client
from replicate.exceptions import ModelError, ReplicateError

from hearth.rehearsal import Fault, ModelScript, Rehearsal, Script

T = TypeVar("T")
HELLO = "Hello! I am a small test model."
MODELS = (
    ModelScript(name="meta/llama", capabilities=("completion",)),
    ModelScript(name="acme/slow", capabilities=("completion", "polled"), tokens_per_second=30.0),
)


def play(act: Callable[[Client], Awaitable[T]], *faults: Fault, key: str = "right") -> T:
    async def run() -> T:
        async with Rehearsal(Script(kind="replicate", models=MODELS, keys=("right",))) as far:
            far.next(*faults, path="*")
            client = Client(key, base_url=far.url)
            client.poll_interval = 0.02
            try:
                seen = await act(client)
            finally:
                await client._async_client.aclose()  # noqa: SLF001 -- this client has no public way to close
            assert not far.panics
            return seen

    return asyncio.run(run())


def test_it_creates_streams_and_counts() -> None:
    """Events with ids, then a prediction that has its output and metrics."""

    async def act(client: Client) -> list[Any]:
        made = await client.models.predictions.async_create("meta/llama", input={"prompt": "Hello"}, stream=True)
        events = [event async for event in made.async_stream()]
        first = made.status
        await made.async_wait()
        return [first, events, made]

    first, events, made = play(act)

    assert first == "starting"
    assert "".join(map(str, events)) == HELLO
    assert events[-1].event.value == "done"
    assert ("".join(made.output), made.metrics["output_token_count"]) == (HELLO, 9)


def test_it_runs_by_version_and_by_deployment_and_waits() -> None:
    """`run` polls; a deployment answers as its model does."""

    async def act(client: Client) -> list[Any]:
        version = MODELS[1].full_digest
        ran = await client.async_run(f"acme/slow:{version}", input={"prompt": "Hello"})
        deployment = await client.deployments.async_get("acme/mine")
        made = await deployment.predictions.async_create(input={"prompt": "Hello"})
        await made.async_wait()
        return ["".join([piece async for piece in ran]), "".join(made.output or [])]

    assert play(act) == [HELLO, HELLO]


def test_it_cancels() -> None:
    """A prediction that is cancelled stays so."""

    async def act(client: Client) -> list[str]:
        made = await client.models.predictions.async_create("acme/slow", input={"prompt": "count"})
        await made.async_cancel()
        await made.async_reload()
        return [made.status]

    assert play(act) == ["canceled"]


def test_a_prediction_that_fails_says_why() -> None:
    """Status 200, and an error inside."""

    async def act(client: Client) -> str:
        with pytest.raises(ModelError) as caught:
            await client.async_run("meta/llama", input={"prompt": "fail"})
        return str(caught.value)

    assert play(act) == "the model broke off on purpose"


def test_it_describes_and_lists_models() -> None:
    """With the schema of the input, which is what a caller must know."""

    async def act(client: Client) -> list[Any]:
        model = await client.models.async_get("meta/llama")
        collection = await client.collections.async_get("language-models")
        page = await client.models.async_list()
        return [model, [each.name for each in collection.models or []], [each.name for each in page]]

    model, collected, listed = play(act)

    schemas = model.latest_version.openapi_schema["components"]["schemas"]
    assert set(schemas["Input"]["properties"]) >= {"prompt", "system_prompt", "max_tokens"}
    assert collected == listed == ["llama", "slow"]


@pytest.mark.parametrize(
    ("name", "given", "key", "status"),
    [
        ("meta/llama", {"prompt": "x"}, "wrong", 401),
        ("who/knows", {"prompt": "x"}, "right", 404),
        ("meta/llama", {"promt": "x"}, "right", 422),
    ],
)
def test_it_refuses_in_problem_details(name: str, given: dict[str, str], key: str, status: int) -> None:
    """RFC 7807, as the client reads it."""

    async def act(client: Client) -> Any:  # noqa: ANN401 -- the client's own type
        with pytest.raises(ReplicateError) as caught:
            await client.models.predictions.async_create(name, input=given)
        return caught.value

    error = play(act, key=key)

    assert error.status == status
    assert error.detail


def test_a_stream_may_break() -> None:
    """An error event, which the client raises."""

    async def act(client: Client) -> list[str]:
        made = await client.models.predictions.async_create("meta/llama", input={"prompt": "Hello"}, stream=True)
        pieces: list[str] = []

        async def listen() -> None:
            async for event in made.async_stream():
                pieces.append(str(event))  # noqa: PERF401 -- a comprehension would lose them all with the error

        with pytest.raises(RuntimeError, match="no GPU"):
            await listen()
        return pieces

    assert play(act, Fault(), Fault.error("no GPU", after=2)) == ["Hello", "!"]
