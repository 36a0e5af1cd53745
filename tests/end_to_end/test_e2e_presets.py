"""Each preset in use: the provider gets its own spelling, and what it answers in its own forms comes back right.

A real daemon with the preset's address replaced by a rehearsal that plays the provider and refuses what it refuses.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, TypeVar

import pytest

from end_to_end.callers import Answer, admin, call
from hearth.rehearsal import Fault, ModelScript, Rehearsal, Script
from hearth.rehearsal.script import THINKING, Flavour
from hearth_config import presets
from hearth_home import Home, running

T = TypeVar("T")
Object = dict[str, Any]
SECRET = "sk-canary-0123456789"
SKY = "Because of Rayleigh scattering."
THOUGHT = "The user asks why."
ANY_ADDRESS = {"generic", "azure", "litellm"}
OTHER_DIALECTS = {"ollama", "anthropic", "gemini", "vertex", "cohere", "replicate", "minimax", "voyage"}
"""Presets that are played by the tests of their own dialects; Voyage makes embeddings only."""


class Row(NamedTuple):
    """One preset: who plays it, what a request to it must and must not hold, and what it shows of its thinking."""

    preset: str
    flavour: Flavour
    limit: str = "max_tokens"
    seed: str = "seed"
    thinking: tuple[tuple[str, object], ...] = ()
    usage: bool = True
    """Whether usage in a stream is asked for."""
    absent: tuple[str, ...] = ()
    stop: bool = True
    thinks: bool = True
    model: str = "thinker"
    path: str = "/v1/chat/completions"
    auth: tuple[str, str] = ("Authorization", f"Bearer {SECRET}")
    more: str = ""


EFFORT = (("reasoning_effort", "low"),)
TEMPLATE = (("chat_template_kwargs", {"enable_thinking": True, "reasoning_effort": "low"}),)
SAMPLING = ("temperature", "top_p", "presence_penalty", "frequency_penalty")
ROWS = (
    Row("openai", "openai", "max_completion_tokens", thinking=EFFORT, thinks=False, model="gpt-5.9", absent=SAMPLING),
    Row(
        "azure", "azure", "max_completion_tokens", thinking=EFFORT, thinks=False, model="gpt-5.9", absent=SAMPLING,
        path="/openai/v1/chat/completions", auth=("api-key", SECRET),
    ),
    Row("groq", "groq", "max_completion_tokens", thinking=EFFORT, usage=False, path="/openai/v1/chat/completions"),
    Row("together", "together", thinking=EFFORT, usage=False, absent=("parallel_tool_calls",)),
    Row("huggingface", "huggingface", thinking=EFFORT),
    Row(
        "openrouter", "openrouter", thinking=(("reasoning", {"effort": "low"}),), usage=False,
        path="/api/v1/chat/completions",
    ),
    Row(
        "deepseek", "deepseek", seed="", thinking=(("thinking", {"type": "enabled"}), *EFFORT),
        path="/chat/completions",
    ),
    Row(
        "mistral", "mistral", seed="random_seed", thinking=(("reasoning_effort", "high"),), usage=False,
        absent=("user",),
    ),
    Row("codestral", "mistral", seed="random_seed", usage=False, absent=("reasoning_effort", "user")),
    Row(
        "minimax-openai", "minimax", "max_completion_tokens", seed="",
        thinking=(("thinking", {"type": "adaptive"}), ("reasoning_split", True)),
    ),
    Row("xai", "xai", "max_completion_tokens", thinking=EFFORT, stop=False),
    Row(
        "moonshot", "moonshot", "max_completion_tokens", seed="", model="kimi-k3", absent=SAMPLING,
        thinking=(("thinking", {"type": "enabled"}), *EFFORT),
    ),
    Row("fireworks", "fireworks", thinking=EFFORT, usage=False, path="/inference/v1/chat/completions"),
    Row(
        "cerebras", "cerebras", "max_completion_tokens", thinking=EFFORT,
        absent=("presence_penalty", "frequency_penalty", "parallel_tool_calls"),
    ),
    Row("nvidia", "nvidia", thinking=TEMPLATE, absent=("top_k",)),
    Row("perplexity", "perplexity", seed="", thinking=EFFORT, usage=False, path="/chat/completions"),
    Row("lm-studio", "lm-studio", thinking=EFFORT),
    Row("llama-server", "llama-server", thinking=TEMPLATE),
    Row("vllm", "vllm", thinking=TEMPLATE),
    Row("sglang", "sglang", thinking=TEMPLATE),
    Row("tgi", "tgi", thinks=False),
    Row("localai", "localai", thinks=False),
    Row("litellm", "litellm", thinking=EFFORT),
    Row("generic", "vllm", seed="", absent=("chat_template_kwargs", "reasoning_effort")),
)  # fmt: skip


def play(row: Row, act: Callable[[Home, Rehearsal], Awaitable[T]], *, tools: bool = False) -> T:
    """Run a daemon with this preset in front of a rehearsal of its provider, and do something with both."""

    async def run() -> T:
        models = (ModelScript(name=row.model, capabilities=("tools", "completion") if tools else THINKING),)
        script = Script(kind="openai", flavour=row.flavour, models=models, keys=(SECRET,))
        async with Rehearsal(script) as rehearsal:
            # The daemon counts it as cloud, so that what it costs is the provider's to say.
            prefix = row.path.removesuffix("/chat/completions") if row.preset == "generic" else ""
            table = f'preset = "{row.preset}"\naddress = "{rehearsal.url}{prefix}"\nplace = "cloud"\n'
            config = f'[providers.x]\n{table}key = "env:SECRET"\n{row.more}\n'
            async with running(config, {"SECRET": SECRET}) as home:
                done = await act(home, rehearsal)
            assert not rehearsal.panics
            return done

    return asyncio.run(run())


def sent(rehearsal: Rehearsal) -> Object:
    """What arrived last as a question to the model."""
    return [one.json() for one in rehearsal.calls if one.method == "POST"][-1]


async def last_call(home: Home) -> Object:
    """What was written down of the call before."""
    found: Object = (await admin(home, "/hearth/v1/calls?limit=1"))[0]
    return found


def by_name(row: Row) -> str:
    return row.preset


def test_every_preset_has_its_row() -> None:
    """No preset is shipped that nothing plays."""
    assert {row.preset for row in ROWS} == set(presets.names()) - OTHER_DIALECTS


@pytest.mark.parametrize("row", ROWS, ids=by_name)
def test_a_foreign_client_is_answered_in_the_providers_spelling(row: Row) -> None:
    """An Ollama client's options arrive under the provider's names; thinking, text and counts come back apart."""
    options = {"num_predict": 500, "seed": 7, "temperature": 0.5, **({"stop": ["END"]} if row.stop else {})}
    body = {
        "model": f"x/{row.model}", "think": "low", "options": options,
        "messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "why is the sky blue?"}],
    }  # fmt: skip

    async def act(home: Home, rehearsal: Rehearsal) -> tuple[Answer, Object, Any, Object]:
        answer = await call(home, "/api/chat", body)
        return answer, sent(rehearsal), rehearsal.calls[-1], await last_call(home)

    answer, members, request, record = play(row, act)

    assert answer.status == 200, answer.body
    assert request.path == row.path
    assert request.header(row.auth[0]) == row.auth[1]
    assert members["model"] == row.model
    assert members[row.limit] == 500
    assert ("max_tokens" in members) == (row.limit == "max_tokens")
    assert [name for name in ("seed", "random_seed") if name in members] == [row.seed] * bool(row.seed)
    assert members.get("stop") == (["END"] if row.stop else None)
    assert members["messages"][0]["role"] == ("developer" if row.preset in ("openai", "azure") else "system")
    assert tuple((name, members.get(name)) for name, _ in row.thinking) == row.thinking
    assert (members.get("stream_options") == {"include_usage": True}) == row.usage
    assert not set(row.absent) & set(members)
    said = [line["message"] for line in answer.lines]
    assert "".join(one["content"] for one in said).strip() == SKY
    assert "".join(one.get("thinking") or "" for one in said).strip() == (THOUGHT if row.thinks else "")
    assert answer.last["done_reason"] == "stop"
    assert record["ending"] == "complete"
    assert (record["output_tokens"], record["estimated"]) == (11, False)


@pytest.mark.parametrize("row", ROWS, ids=by_name)
def test_a_client_of_openais_dialect_gets_the_providers_own_bytes(row: Row) -> None:
    """In the same dialect the stream passes as it is, tool calls included; unknown members arrive untouched."""
    if row.preset == "perplexity":
        pytest.skip("It calls no tools.")
    tool = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}
    routing = {"order": ["a"], "allow_fallbacks": False}
    own = {} if row.flavour == "mistral" else {"models": ["a/b", "c/d"], "provider": routing}
    body = {
        "model": f"x/{row.model}", "stream": True, "max_tokens": 400, "tools": [tool], "parallel_tool_calls": True,
        "messages": [{"role": "user", "content": "what is the weather"}], **own,
    }  # fmt: skip

    async def act(home: Home, rehearsal: Rehearsal) -> tuple[Answer, Object]:
        return await call(home, "/v1/chat/completions", body), sent(rehearsal)

    answer, members = play(row, act, tools=True)

    assert answer.status == 200, answer.body
    assert {name: members.get(name) for name in own} == own
    assert members[row.limit] == 400
    called = [
        piece for event in answer.events if event != "[DONE]" for choice in event["choices"] or ()
        for piece in (choice.get("delta") or {}).get("tool_calls") or ()
    ]  # fmt: skip
    assert called[0]["function"]["name"] == "get_weather"
    arguments = "".join(piece["function"].get("arguments") or "" for piece in called)
    assert json.loads(arguments) == {"city": "Paris"}
    assert answer.events[-1] == "[DONE]"


@pytest.mark.parametrize("row", ROWS, ids=by_name)
def test_a_missing_model_is_told_in_the_callers_dialect(row: Row) -> None:
    """However the provider says it, the caller gets an error of its own dialect and not an answer."""
    if row.flavour == "llama-server":
        pytest.skip("It has one model and takes any name for it.")
    body = {"model": "x/nobody", "messages": [{"role": "user", "content": "hello"}]}

    async def act(home: Home, rehearsal: Rehearsal) -> tuple[Answer, Object]:
        return await call(home, "/api/chat", body), await last_call(home)

    answer, record = play(row, act)

    assert answer.status >= 400
    assert answer.json()["error"]
    kinds = {"minimax": "provider_refusal", "xai": "model_missing"}
    assert record["problem"] == kinds.get(row.flavour, "model_missing")


@pytest.mark.parametrize("row", ROWS, ids=by_name)
def test_a_refused_key_is_told_and_never_shown(row: Row) -> None:
    """T16: a key the provider does not know is the provider's problem, named, and stands nowhere in the answer."""
    body = {"model": f"x/{row.model}", "messages": [{"role": "user", "content": "hello"}]}

    async def act(home: Home, rehearsal: Rehearsal) -> tuple[Answer, Object]:
        rehearsal.rescript(keys=("sk-another",))
        return await call(home, "/api/chat", body), await last_call(home)

    answer, record = play(row, act)

    assert answer.status >= 400
    assert record["problem"] == "key_refused"
    assert SECRET.encode() not in answer.body


@pytest.mark.parametrize("row", ROWS, ids=by_name)
def test_an_error_in_the_middle_is_never_an_end(row: Row) -> None:
    """Each provider's way to break off in mid-stream becomes the caller's error line, not a finished answer."""
    body = {"model": f"x/{row.model}", "messages": [{"role": "user", "content": "hello"}]}

    async def act(home: Home, rehearsal: Rehearsal) -> Answer:
        rehearsal.next(Fault.error("the model fell over", after=4), path="*")
        return await call(home, "/api/chat", body)

    answer = play(row, act)

    assert not answer.finished
    assert "the model fell over" in answer.last["error"]


def row_of(preset: str) -> Row:
    return next(row for row in ROWS if row.preset == preset)


def ask(row: Row, words: str, path: str = "/v1/chat/completions", **more: object) -> tuple[Answer, Object, Object]:
    """Ask this provider something; return the answer, what arrived, and what was written down."""

    async def act(home: Home, rehearsal: Rehearsal) -> tuple[Answer, Object, Object]:
        body = {"model": f"x/{row.model}", "messages": [{"role": "user", "content": words}], **more}
        answer = await call(home, path, body)
        return answer, sent(rehearsal), await last_call(home)

    return play(row, act)


def test_openrouter_says_what_a_call_cost() -> None:
    """The provider's own figure is what is written down."""
    _, _, record = ask(row_of("openrouter"), "hello")

    assert record["cost"] > 0
    assert record["currency"] == "USD"


def test_openrouter_is_told_whose_app_it_is() -> None:
    """Address and title of the site go as the headers that OpenRouter reads."""
    row = row_of("openrouter")._replace(more='site_url = "https://app.example.org"\nsite_title = "App"')

    async def act(home: Home, rehearsal: Rehearsal) -> Any:  # noqa: ANN401 -- the rehearsal's record
        await call(
            home, "/v1/chat/completions", {"model": "x/thinker", "messages": [{"role": "user", "content": "hi"}]}
        )
        return rehearsal.calls[-1]

    request = play(row, act)

    assert request.header("HTTP-Referer") == "https://app.example.org"
    assert request.header("X-OpenRouter-Title") == "App"


def test_perplexity_names_its_sources() -> None:
    """Sources become annotations where the client's dialect has them; the cost is the sum that is named."""
    answer, _, record = ask(row_of("perplexity"), "why is the sky blue?", hearth={"thinking": "hide"})

    message = answer.json()["choices"][0]["message"]
    cited = [one["url_citation"] for one in message["annotations"]]
    assert [one["url"] for one in cited] == ["https://sky.example.org/rayleigh", "https://sky.example.org/"]
    assert cited[0]["title"] == "Rayleigh scattering"
    assert "<think>" not in message["content"]
    assert record["cost"] > 0.005


def test_xai_counts_thinking_beside_the_answer() -> None:
    """Reasoning tokens that its completion_tokens leave out are added."""
    _, _, record = ask(row_of("xai"), "why is the sky blue?")

    assert record["output_tokens"] == 11


def test_moonshot_keeps_cached_tokens_in_a_place_of_its_own() -> None:
    """They are found beside the other counts."""
    _, _, record = ask(row_of("moonshot"), "hello", stream=True)

    assert record["cached_tokens"] == 2


def test_azure_filters_a_prompt() -> None:
    """What its filter stops is an error about the content, and nobody else is asked."""
    answer, _, record = ask(row_of("azure"), "forbidden")

    assert answer.status == 400
    assert answer.json()["error"]["code"] == "content_filter"
    assert record["problem"] == "content_filtered"


def test_azures_older_addresses_name_deployment_and_version() -> None:
    """With api_version the deployment stands in the path; a deployment of the config stands for any model."""
    plain = row_of("azure")._replace(more='api_version = "2024-10-21"')
    fixed = plain._replace(more='api_version = "2024-10-21"\ndeployment = "gpt-5.9"')

    async def act(home: Home, rehearsal: Rehearsal) -> tuple[int, str]:
        body = {"model": "x/gpt-5.9", "messages": [{"role": "user", "content": "hello"}]}
        first = await call(home, "/v1/chat/completions", body)
        return first.status, rehearsal.calls[-1].path

    async def any_name(home: Home, rehearsal: Rehearsal) -> tuple[int, str]:
        body = {"model": "x/whatever", "messages": [{"role": "user", "content": "hello"}]}
        first = await call(home, "/v1/chat/completions", body)
        return first.status, rehearsal.calls[-1].path

    expected = (200, "/openai/deployments/gpt-5.9/chat/completions?api-version=2024-10-21")
    assert play(plain, act) == expected
    assert play(fixed, any_name) == expected


def test_a_retired_model_of_deepseek_is_asked_by_its_new_name() -> None:
    """A client that still says deepseek-chat gets today's model."""
    row = row_of("deepseek")._replace(model="deepseek-flash")

    async def act(home: Home, rehearsal: Rehearsal) -> tuple[Answer, Object]:
        body = {"model": "x/deepseek-chat", "messages": [{"role": "user", "content": "hello"}]}
        return await call(home, "/v1/chat/completions", body), sent(rehearsal)

    answer, members = play(row, act)

    assert answer.status == 200
    assert members["model"] == "deepseek-flash"


def test_a_fine_tuned_model_passes_by_its_name() -> None:
    """Colons in a model's name are its own."""
    row = row_of("openai")._replace(model="ft:gpt-4o-mini:acme::A1b2")

    answer, members, _ = ask(row, "hello")

    assert answer.status == 200
    assert members["model"] == "ft:gpt-4o-mini:acme::A1b2"


def test_organisation_and_project_are_headers() -> None:
    """OpenAI's organisation and project, and Hugging Face's paying organisation, go where they are read."""
    openai = row_of("openai")._replace(more='organization = "org-1"\nproject = "proj_1"')
    face = row_of("huggingface")._replace(more='organization = "acme"')

    async def act(home: Home, rehearsal: Rehearsal) -> Any:  # noqa: ANN401 -- the rehearsal's record
        model = rehearsal.script.models[0].name
        await call(
            home, "/v1/chat/completions", {"model": f"x/{model}", "messages": [{"role": "user", "content": "hi"}]}
        )
        return rehearsal.calls[-1]

    asked, faced = play(openai, act), play(face, act)

    assert (asked.header("OpenAI-Organization"), asked.header("OpenAI-Project")) == ("org-1", "proj_1")
    assert faced.header("X-HF-Bill-To") == "acme"


def test_what_the_config_adds_reaches_the_provider() -> None:
    """Fields and headers of a provider's own go with each request, whatever dialect the client speaks."""
    row = row_of("openrouter")._replace(more='extra = { provider = { zdr = true } }\nheaders = { X-Team = "home" }')

    async def act(home: Home, rehearsal: Rehearsal) -> tuple[Object, Any]:
        await call(home, "/api/chat", {"model": "x/thinker", "messages": [{"role": "user", "content": "hi"}]})
        return sent(rehearsal), rehearsal.calls[-1]

    members, request = play(row, act)

    assert members["provider"] == {"zdr": True}
    assert request.header("X-Team") == "home"
