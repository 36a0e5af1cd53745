"""Each cloud provider's quirks, as wire notes and recordings describe them."""

import asyncio
import json
from typing import Any, get_args

import pytest

from hearth.rehearsal import Fault, ModelScript, Rehearsal, Script
from hearth.rehearsal.script import THINKING, Flavour
from rehearsal.raw_client import Answer, ask, chat_body, connected, head, read

CHAT = "/v1/chat/completions"
MODELS = (ModelScript(name="scripted", capabilities=THINKING, prompt_seconds=0.01),)


def script(flavour: Flavour) -> Script:
    return Script(kind="openai", flavour=flavour, models=MODELS)


def play(part: Flavour | Script, body: object, *faults: Fault, path: str = CHAT, method: str = "POST") -> Answer:
    async def run() -> Answer:
        async with Rehearsal(script(part) if isinstance(part, str) else part) as rehearsal:
            rehearsal.next(*faults)
            answer = await ask(rehearsal, path, body, method=method)
            assert not rehearsal.panics
            return answer

    return asyncio.run(run())


def events(answer: Answer) -> list[Any]:
    lines = [line.removeprefix(b"data: ") for line in answer.body.split(b"\n") if line.startswith(b"data: {")]
    return [json.loads(line) for line in lines]


def test_openrouter_comments_prices_and_breaks_inside_a_chunk() -> None:
    """Comments while it waits, usage with its cost unasked, an error beside the choices."""
    whole = play("openrouter", chat_body(stream=True))
    broken = play("openrouter", chat_body(stream=True), Fault.error("upstream gone", after=3))

    assert whole.body.startswith(b": OPENROUTER PROCESSING\n\n")
    assert events(whole)[-1]["usage"]["cost"] > 0
    assert events(broken)[-1]["error"]["message"] == "upstream gone"
    assert events(broken)[-1]["choices"][0]["finish_reason"] == "error"


def test_openrouter_comments_go_on_while_it_waits() -> None:
    """A long wait is full of comments, which are no progress."""
    model = ModelScript(name="scripted", prompt_seconds=0.2)

    answer = play(
        Script(kind="openai", flavour="openrouter", models=(model,), comment_every=0.05), chat_body(stream=True)
    )

    assert answer.body.count(b": OPENROUTER PROCESSING") >= 4


def test_groq_puts_usage_in_its_own_place() -> None:
    """The last chunk has x_groq.usage, and no usage of its own."""
    last = events(play("groq", chat_body(stream=True)))[-1]

    assert last["x_groq"]["usage"]["completion_tokens"] == 10
    assert "usage" not in last


def test_mistral_thinks_in_content_parts_and_forbids_unknown_fields() -> None:
    """Thinking is an array in content; stream_options is 422."""
    whole = play("mistral", chat_body("why?"))
    refused = play("mistral", chat_body(stream=True, stream_options={"include_usage": True}))

    content = json.loads(whole.body)["choices"][0]["message"]["content"]
    assert content[0]["thinking"][0]["text"] == "The user asks why.\n\n"
    assert content[1]["text"].startswith("Because")
    assert refused.status == 422
    assert json.loads(refused.body)["detail"][0]["loc"] == ["body", "stream_options"]


def test_mistral_fills_in_the_middle_in_the_shape_of_chat() -> None:
    """POST /fim/completions answers with a message."""
    answer = play("mistral", {"model": "scripted", "prompt": "def", "suffix": "\n"}, path="/v1/fim/completions")

    assert json.loads(answer.body)["choices"][0]["message"]["content"] == " return a + b"


def test_deepseek_keeps_alive_and_shows_its_thinking() -> None:
    """Comments in streams, blank lines before whole bodies, reasoning_content, cache figures."""
    streamed = play("deepseek", chat_body("why?", stream=True))
    whole = play("deepseek", chat_body("why?"))

    thought = "".join(
        each["choices"][0]["delta"].get("reasoning_content") or "" for each in events(streamed) if each["choices"]
    )
    assert streamed.body.startswith(b": keep-alive\n\n")
    assert thought == "The user asks why.\n\n"
    assert whole.body.startswith(b"\n")
    assert json.loads(whole.body)["usage"]["prompt_cache_hit_tokens"] == 0


def test_deepseek_wants_its_thinking_back() -> None:
    """A turn with calls but without reasoning_content is 400."""
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    history = [{"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": [call]}]

    assert play("deepseek", {"model": "scripted", "messages": history}).status == 400


def test_together_lists_models_as_a_bare_array() -> None:
    """No object around the list, and `eos` for an end."""
    listed = play("together", None, path="/v1/models", method="GET")
    finish = events(play("together", chat_body(stream=True)))[-1]["choices"][0]["finish_reason"]

    assert json.loads(listed.body)[0]["context_length"] == 8192
    assert finish == "eos"


def test_xai_may_answer_an_error_with_status_200() -> None:
    """JSON with `code` and `error` where a stream was asked for."""
    answer = play("xai", chat_body(model="nobody", stream=True))

    assert answer.status == 200
    assert answer.header("Content-Type") == "application/json"
    assert set(json.loads(answer.body)) == {"code", "error"}


def test_huggingface_errors_are_strings() -> None:
    """No envelope around the words."""
    assert isinstance(json.loads(play("huggingface", chat_body(model="nobody")).body)["error"], str)


def test_llama_server_loads_and_closes_after_a_stream() -> None:
    """503 while it loads; after a streamed reply the connection ends though keep-alive was promised."""

    async def run() -> tuple[str, bytes]:
        async with (
            Rehearsal(Script(kind="openai", flavour="llama-server")) as rehearsal,
            connected(rehearsal) as (reader, writer),
        ):
            writer.write(head("POST", CHAT, [], json.dumps(chat_body(stream=True)).encode()))
            answer = await read(reader)
            return answer.header("Keep-Alive"), await reader.read()

    loading = play(Script(kind="openai", flavour="llama-server", loading=True), chat_body())

    assert loading.status == 503
    assert json.loads(loading.body)["error"]["message"] == "Loading model"
    assert asyncio.run(run()) == ("timeout=5, max=100", b"")


@pytest.mark.parametrize(
    "flavour",
    get_args(Flavour),
)
def test_every_provider_ends_its_stream(flavour: Flavour) -> None:
    """The text is whole, one finish reason comes, [DONE] is last."""
    answer = play(flavour, chat_body(stream=True))

    chosen = [each["choices"][0] for each in events(answer) if each["choices"]]
    assert "".join(each.get("delta", {}).get("content") or "" for each in chosen) == "Hello! I am a small test model."
    assert len([each for each in chosen if each["finish_reason"]]) == 1
    assert answer.body.endswith(b"data: [DONE]\n\n")
