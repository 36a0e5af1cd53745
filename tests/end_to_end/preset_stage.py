"""The table of presets, each with who plays it and how it is spoken to, and a daemon in front of such a rehearsal."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, TypeVar

from end_to_end.callers import admin
from hearth.rehearsal import ModelScript, Rehearsal, Script
from hearth.rehearsal.script import THINKING, Flavour
from hearth_home import Home, running

T = TypeVar("T")
Object = dict[str, Any]
SECRET = "sk-canary-0123456789"


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
    Row("openai", "openai", "max_completion_tokens", thinking=EFFORT, thinks=False, model="gpt-5.1", absent=SAMPLING),
    Row(
        "azure", "azure", "max_completion_tokens", thinking=EFFORT, thinks=False, model="gpt-5.1", absent=SAMPLING,
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


def row_of(preset: str) -> Row:
    return next(row for row in ROWS if row.preset == preset)
