"""What a provider wants otherwise than OpenAI, applied to the members of a chat request: the quirks, in one place.

Spliced and written requests both come through here. What nothing is wanted otherwise of keeps its bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import lru_cache

import msgspec
from msgspec import Raw

from hearth.chat import Knobs, Members, Reasoning
from hearth.dialects.body import raw, value
from hearth.dialects.dialect import Destination
from hearth.dialects.openai_chat.features import ChoiceWire, FormatWire, Named, ToolWire, read_reasoning
from hearth.dialects.openai_chat.history import adapt_messages
from hearth.dialects.openai_chat.outline import asks
from hearth.problems import Unsupported
from hearth_config.quirks import Quirks

_FEATURES = frozenset(
    {"tools", "functions", "response_format", "logprobs", "top_logprobs", "n", "suffix", "audio", "web_search_options"}
)
"""Members that ask for an ability: if one had to be left out, the request is refused instead."""
_SHAPED = frozenset(
    {
        "max_tokens", "max_completion_tokens", "seed", "random_seed", "stop", "tools", "functions", "tool_choice",
        "parallel_tool_calls", "response_format", "logprobs", "top_logprobs", "n", "reasoning_effort", "reasoning",
    }
)  # fmt: skip
"""Members that a step looks at; a request without any takes none of the steps."""
_NULL = Raw(b"null")
_NO_DEFAULTS = Knobs()


def adapt_chat(members: Members, to: Destination, *, stream: bool, translated: bool = False) -> Members:
    """Return the members as this provider wants them, `model` first. Raises `Unsupported` for a feature it lacks.

    `translated`: they were written from a meaning; else they are a caller's own, who knows what this server takes.
    """
    out = dict(members)
    if not _SHAPED.isdisjoint(out):
        for step in (_max_tokens, seed, stop, _tools, _choice, _format, _counts, _reasoning):
            step(out, to.quirks)
    fill_defaults(out, to, to.quirks.max_tokens_field)
    usage_wanted(out, to.quirks, stream=stream)
    if "messages" in out:
        out["messages"] = adapt_messages(out["messages"], to)
    if to.quirks.drop_for:
        _drop_for(out, to)
    out = _last_pass(out, to.quirks, translated=translated)
    return with_model(out, to)


def with_model(members: Members, to: Destination) -> Members:
    """Return the members without ours: the provider's model first (routers read a prefix), the config's own last."""
    out: Members = {"model": _NULL, **members}
    out["model"] = _model(to.quirks.renamed_models.get(to.model, to.model))
    out.pop("hearth", None)
    out.update(to.extra)
    return out


@lru_cache(maxsize=256)
def _model(name: str) -> Raw:
    return raw(name)


def _drop_for(out: Members, to: Destination) -> None:
    """Leave out the knobs that this model refuses; while it does not think it takes them (OpenAI, §4.1)."""
    if out.get("reasoning_effort") == Raw(b'"none"'):
        return
    for glob, names in to.quirks.drop_for.items():
        if fnmatchcase(to.model.lower(), glob):
            for name in names:
                out.pop(name, None)


def _max_tokens(out: Members, quirks: Quirks) -> None:
    """Give the limit the one name this server reads; of two limits the newer name's counts."""
    limits = [out.pop(name) for name in ("max_completion_tokens", "max_tokens") if out.get(name, _NULL) != _NULL]
    if limits:
        out[quirks.max_tokens_field] = limits[0]


def seed(out: Members, quirks: Quirks) -> None:
    """Give the seed, whichever name its caller has for it, this server's name; leave it out where there is none."""
    given = [out.pop(name) for name in ("seed", "random_seed") if name in out]
    if given and quirks.seed_field is not None:
        out[quirks.seed_field] = given[0]


def stop(out: Members, quirks: Quirks) -> None:
    """Shape the stop sequences. Raises `Unsupported` for more than the server takes: it would not stop at the rest."""
    if quirks.stop_max is None and not quirks.stop_as_list:
        return
    given = value(out, "stop", str | list[str])
    if isinstance(given, str) and quirks.stop_as_list:
        out["stop"] = raw([given])
    elif isinstance(given, list) and quirks.stop_max is not None and len(given) > quirks.stop_max:
        raise Unsupported(f"This provider takes {quirks.stop_max} stop sequences at most.", param="stop")


def _tools(out: Members, quirks: Quirks) -> None:
    if not quirks.tools and (asks(out, "tools") or asks(out, "functions")):
        raise Unsupported("This provider cannot call tools.", param="tools")
    if not quirks.parallel_tool_calls:
        out.pop("parallel_tool_calls", None)


def _choice(out: Members, quirks: Quirks) -> None:
    """Say "some tool" in this server's word, and a named tool as it understands it."""
    if quirks.tool_choice_required == "required" and quirks.tool_choice_named == "function":
        return
    choice = value(out, "tool_choice", str | ChoiceWire)
    if choice == "required":
        out["tool_choice"] = raw(quirks.tool_choice_required)
    elif isinstance(choice, ChoiceWire) and choice.function is not None and quirks.tool_choice_named == "filter":
        out["tools"] = raw(_only(out, choice.function))
        out["tool_choice"] = raw(quirks.tool_choice_required)


def _only(out: Members, named: Named) -> list[Raw]:
    """Return the one tool of that name, its bytes as they came."""
    tools = [(tool, msgspec.json.decode(tool, type=ToolWire)) for tool in value(out, "tools", list[Raw]) or ()]
    return [tool for tool, wire in tools if wire.function is not None and wire.function.name == named.name]


def _format(out: Members, quirks: Quirks) -> None:
    """Refuse a shape the server cannot hold to; any JSON object can also be had through the widest schema."""
    if quirks.json_object and quirks.json_schema:
        return
    wire = value(out, "response_format", FormatWire)
    if wire is None or wire.type == "text":
        return
    schema = wire.type == "json_schema" or isinstance(wire.schema, Raw)
    if schema and not quirks.json_schema:
        raise Unsupported("This provider cannot hold an answer to a JSON schema.", param="response_format")
    if not schema and not quirks.json_object:
        if not quirks.json_schema:
            raise Unsupported("This provider cannot be held to JSON.", param="response_format")
        anything = {"name": "response", "schema": {"type": "object"}}
        out["response_format"] = raw({"type": "json_schema", "json_schema": anything})


def _counts(out: Members, quirks: Quirks) -> None:
    if not quirks.logprobs and (asks(out, "logprobs") or asks(out, "top_logprobs")):
        raise Unsupported("This provider tells no token probabilities.", param="logprobs")
    if not quirks.many and asks(out, "n"):
        raise Unsupported("This provider gives one answer a request.", param="n")


def _reasoning(out: Members, quirks: Quirks) -> None:
    """Say how hard to think in this server's form, unless the caller already spoke it."""
    form = quirks.reasoning_in
    said = [name for name in ("reasoning_effort", "reasoning") if out.get(name, _NULL) != _NULL]
    if not said or form == "none" or (form in out and not quirks.effort_words):
        return
    if form == "reasoning" and "reasoning" in said:
        return
    if form == "reasoning_effort" and form in said:
        word = value(out, form, str)
        out[form] = raw(quirks.effort_words.get(word, word))
        return
    reasoning = read_reasoning(out)
    for name in said:
        del out[name]
    word = reasoning.effort or "medium"
    for name, given in _FORMS[form](reasoning, quirks.effort_words.get(word, word)).items():
        out.setdefault(name, given)


def _as_effort(reasoning: Reasoning, effort: str) -> Members:
    return {"reasoning_effort": raw("none" if reasoning.on is False else effort)} if reasoning.on is not None else {}


def _as_thinking(reasoning: Reasoning, effort: str) -> Members:
    """DeepSeek's form (wire/providers §4.11)."""
    if reasoning.on is False:
        return {"thinking": raw({"type": "disabled"})}
    members: Members = {"thinking": raw({"type": "enabled"})}
    if reasoning.effort is not None:
        members["reasoning_effort"] = raw(effort)
    return members


def _as_adaptive(reasoning: Reasoning, effort: str) -> Members:  # noqa: ARG001 -- the one shape
    """MiniMax's form, which knows no effort (wire/providers §4.13)."""
    return {"thinking": raw({"type": "disabled" if reasoning.on is False else "adaptive"})}


def _as_reasoning(reasoning: Reasoning, effort: str) -> Members:
    """OpenRouter's form (wire/providers §4.10)."""
    if reasoning.on is False:
        return {"reasoning": raw({"enabled": False})}
    return {"reasoning": raw({"enabled": True} if reasoning.effort is None else {"effort": effort})}


def _as_template(reasoning: Reasoning, effort: str) -> Members:
    """The form of servers that hand arguments to the chat template: llama.cpp, vLLM (wire/providers §4.15)."""
    arguments: dict[str, object] = {"enable_thinking": reasoning.on is not False}
    if reasoning.effort is not None:
        arguments["reasoning_effort"] = effort
    return {"chat_template_kwargs": raw(arguments)}


_FORMS: dict[str, Callable[[Reasoning, str], Members]] = {
    "reasoning_effort": _as_effort,
    "thinking": _as_thinking,
    "adaptive_thinking": _as_adaptive,
    "reasoning": _as_reasoning,
    "chat_template_kwargs": _as_template,
}


def fill_defaults(out: Members, to: Destination, max_tokens: str) -> None:
    """Fill in what the request leaves open with the config's defaults, under this server's names."""
    if to.defaults == _NO_DEFAULTS:
        return
    quirks = to.quirks
    repeat = "repeat_penalty" if "repeat_penalty" in quirks.more_knobs else "repetition_penalty"
    names = {"max_tokens": max_tokens, "seed": quirks.seed_field, "repeat_penalty": repeat}
    for meaning in to.defaults.__struct_fields__:
        given = getattr(to.defaults, meaning)
        name = names.get(meaning, meaning)
        if given is not None and name is not None:
            out.setdefault(name, raw(given))


def usage_wanted(out: Members, quirks: Quirks, *, stream: bool) -> None:
    """Ask for the usage of a stream wherever the server can be asked; the reader hides it from callers that did not."""
    if not quirks.stream_options or not stream:
        out.pop("stream_options", None)
        return
    options: Members = value(out, "stream_options", Members) or {}
    if options.get("include_usage") != Raw(b"true"):
        out["stream_options"] = raw({**options, "include_usage": True})


def _last_pass(out: Members, quirks: Quirks, *, translated: bool) -> Members:
    """Apply drop, rename, set and allow_only (or translated_only), in this order."""
    for name in quirks.drop:
        out.pop(name, None)
    if quirks.rename:
        out = {quirks.rename.get(name, name): given for name, given in out.items()}
    for name, given in quirks.set.items():
        out.setdefault(name, raw(given))
    only = quirks.translated_only if translated and quirks.allow_only is None else quirks.allow_only
    if only is None:
        return out
    lost = [name for name in out if name not in only and name in _FEATURES and asks(out, name)]
    if lost:
        raise Unsupported(f"This provider does not take {lost[0]!r}.", param=lost[0])
    return {name: given for name, given in out.items() if name in only}
