"""What the official `anthropic` client is told when something fails, and what goes to Anthropic alone or stays here."""

from typing import Any

import anthropic
import pytest

from clients.anthropic_stage import Stage, played, user
from clients.stage import HELLO, hear
from hearth.rehearsal import Fault

CHAT = {"ollama": "/api/chat", "openai": "/chat/completions", "anthropic": "/v1/messages"}
KINDS = pytest.mark.parametrize("kind", ["ollama", "openai", "anthropic"])


@KINDS
def test_each_error_is_the_sdks_class(kind: str) -> None:
    """An unknown model, a broken stream, and the id of the call with each."""

    async def act(on: Stage) -> tuple[anthropic.APIStatusError, anthropic.APIStatusError, str]:
        on.rehearsal.next(Fault.error("out of memory", after=4), path=CHAT[kind], model="breaks", times=-1)
        with pytest.raises(anthropic.NotFoundError) as unknown:
            await on.claude.messages.create(model="nonesuch", max_tokens=5, messages=user("Hello"))
        said: list[str] = []
        async with on.claude.messages.stream(model="breaks", max_tokens=50, messages=user("Hello")) as stream:
            with pytest.raises(anthropic.APIStatusError) as broken:
                await hear(stream.text_stream, said)
        return unknown.value, broken.value, "".join(said)

    unknown, broken, said = played(act, kind)

    assert unknown.request_id
    assert unknown.body["error"]["type"] == "not_found_error"  # type: ignore[index]
    assert "out of memory" in str(broken.body)
    assert HELLO.startswith(said)
    assert said != HELLO


@KINDS
def test_a_prompt_beyond_the_window_is_told_as_clients_expect(kind: str) -> None:
    """Pain 1: refused in words by which Claude Code knows to compact."""

    async def act(on: Stage) -> anthropic.BadRequestError:
        with pytest.raises(anthropic.BadRequestError) as refused:
            await on.claude.messages.create(model="small", max_tokens=5, messages=user("the year of the day " * 400))
        return refused.value

    assert "prompt is too long" in str(played(act, kind).body)


def test_a_server_tool_goes_to_anthropic_alone() -> None:
    """What Anthropic's servers run passes to them, and is refused by name everywhere else."""
    search: Any = {"type": "web_search_20250305", "name": "web_search"}

    async def refused(on: Stage) -> str:
        with pytest.raises(anthropic.BadRequestError) as error:
            await on.claude.messages.create(model="scripted", max_tokens=5, messages=user("Hello"), tools=[search])
        return str(error.value.body)

    async def passed(on: Stage) -> bytes:
        await on.claude.messages.create(model="scripted", max_tokens=5, messages=user("Hello"), tools=[search])
        return on.rehearsal.calls[-1].body

    assert "the tool web_search" in played(refused, "ollama")
    assert b'"web_search_20250305"' in played(passed, "anthropic")


def test_beta_headers_go_along_and_keys_do_not() -> None:
    """What the client opts into reaches Anthropic; its dummy key stays here, the configured one goes."""

    async def act(on: Stage) -> dict[str, str]:
        given: Any = {"extra_headers": {"anthropic-beta": "a-1,b-2"}}
        await on.claude.messages.create(model="scripted", max_tokens=5, messages=user("Hello"), **given)
        return {name.lower(): value for name, value in on.rehearsal.calls[-1].headers}

    headers = played(act, "anthropic")

    assert headers["anthropic-beta"] == "a-1,b-2"
    assert headers["x-api-key"] == "sk-ant-test"
    assert "authorization" not in headers


def test_the_billing_line_is_frozen_at_home_only() -> None:
    """Pain 28: an engine here gets the same bytes with each call, Anthropic what Claude Code wrote."""
    home, cloud = played(_billed, "ollama"), played(_billed, "anthropic")

    assert len(home) == len(cloud) == 2
    assert home[0] == home[1]
    assert b"cch=aa0d9" in cloud[0]
    assert b"cch=aa7b4" in cloud[1]


def test_the_freezing_can_be_turned_off() -> None:
    """`steady_prompts = false` leaves prompts as they are."""
    bodies = played(_billed, "ollama", after="steady_prompts = false\n")

    assert b"cch=aa0d9" in bodies[0]


async def _billed(on: Stage) -> list[bytes]:
    """What the provider got of two calls that differ in the billing line alone (ggml-org/llama.cpp#20623)."""
    line = "x-anthropic-billing-header: cc_version=2.1.37.{0}; cc_entrypoint=cli; cch=aa{0};"
    for number in ("0d9", "7b4"):
        system: Any = [{"type": "text", "text": line.format(number)}, {"type": "text", "text": "Be terse."}]
        await on.claude.messages.create(model="scripted", max_tokens=5, messages=user("Hello"), system=system)
    return [call.body for call in on.rehearsal.calls if b"billing" in call.body]


@pytest.mark.parametrize("wrong", [{"max_tokens": 5}, {"messages": user("x")}, {"messages": [], "max_tokens": 5}])
def test_a_request_without_its_parts_is_refused_in_anthropics_words(wrong: dict[str, Any]) -> None:
    """T25: a clean 400 in the envelope, with the id of the call where one was made."""

    async def act(on: Stage) -> anthropic.BadRequestError:
        with pytest.raises(anthropic.BadRequestError) as refused:
            await on.claude.post("/v1/messages", body={"model": "scripted", **wrong}, cast_to=object)
        return refused.value

    assert played(act).body["error"]["type"] == "invalid_request_error"  # type: ignore[index]


@pytest.mark.parametrize(("status", "shown"), [(401, 502), (429, 429), (529, 503)])
def test_what_anthropic_refuses_comes_through(status: int, shown: int) -> None:
    """A refusal of the only provider is told with its words, its meaning for the caller, and how long to wait.

    A key of ours that is refused is no fault of the caller's.
    """

    async def act(on: Stage) -> anthropic.APIStatusError:
        on.rehearsal.next(Fault.refuse(status, retry_after="120"), times=-1)
        with pytest.raises(anthropic.APIStatusError) as refused:
            await on.claude.messages.create(model="scripted", max_tokens=5, messages=user("Hello"))
        return refused.value

    error = played(act, "anthropic")

    assert error.status_code == shown
    assert "refused on purpose" in str(error.body)
    assert error.response.headers["retry-after"] == "120"
