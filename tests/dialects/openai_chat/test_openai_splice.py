"""A caller's own request on its way to a provider of the same dialect: what Hearth owns is replaced, the rest kept."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from hearth.chat import Knobs
from hearth.dialects.body import cut
from hearth.dialects.dialect import Destination, HttpRequest
from hearth.dialects.openai_chat import CALLED, SERVED
from hearth.dialects.openai_chat.called import OpenAICalled
from hearth.problems import Unsupported
from hearth_config.quirks import Quirks

USER = {"role": "user", "content": "x"}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {}}}
OTHER = {"type": "function", "function": {"name": "g"}}
NAMED = {"type": "function", "function": {"name": "f"}}
MISTRAL = Quirks(
    tool_id="9alnum",
    seed_field="random_seed",
    stream_options=False,
    logprobs=False,
    tool_choice_required="any",
    tool_choice_named="filter",
    reasoning_in="reasoning_effort",
    effort_words={"low": "high"},
    fim="fim_completions",
    allow_only=("model", "messages", "stream", "random_seed", "tools", "tool_choice", "reasoning_effort"),
)


def spliced(body: dict[str, Any] | bytes, quirks: Quirks | None = None, **rest: Any) -> HttpRequest:  # noqa: ANN401
    """The request that goes to a provider with these quirks."""
    route = rest.pop("route", "chat")
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    members = cut(raw)
    to = Destination("box", "real", prefix="/v1", quirks=quirks or Quirks(), **rest)
    return CALLED.splice(SERVED.outline(route, members), members, to)


def sent(body: dict[str, Any], quirks: Quirks | None = None, **rest: Any) -> dict[str, Any]:  # noqa: ANN401
    """What is sent for a chat body, as JSON."""
    found: dict[str, Any] = json.loads(spliced({"messages": [USER], **body}, quirks, **rest).body)
    return found


def test_only_the_model_changes() -> None:
    """Odd spacing, unknown fields, big numbers and repeated escapes pass byte for byte; `model` comes first."""
    body = rb'{"messages" : [ {"role":"user","content":"\u00e9  \/ "} ],"top_k":1e2,"zz":[1,  2],"model":"asked"}'

    request = spliced(body)

    assert (
        request.body
        == rb'{"model":"real","messages":[ {"role":"user","content":"\u00e9  \/ "} ],"top_k":1e2,"zz":[1,  2]}'
    )
    assert (request.method, request.path) == ("POST", "/v1/chat/completions")


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(min_size=1).map(lambda name: f"x_{name}"), JSON_VALUES, max_size=5), st.integers(0, 4))
def test_unknown_members_keep_their_bytes(unknown: dict[str, Any], indent: int) -> None:
    """Whatever a newer client sends survives, down to its white space."""
    body = json.dumps(
        {"messages": [USER], "model": "m", **unknown}, indent=indent or None, ensure_ascii=indent > 2
    ).encode()

    before = cut(body)
    after = msgspec.json.decode(spliced(body).body, type=dict[str, Raw])

    assert {name: bytes(raw) for name, raw in after.items() if name != "model"} == {
        name: bytes(raw) for name, raw in before.items() if name != "model"
    }


def test_our_own_member_never_leaves() -> None:
    """`hearth` is ours: it is taken out before anything is sent on."""
    assert "hearth" not in sent({"hearth": {"mode": "lan"}})


def test_usage_of_a_stream_is_asked_for() -> None:
    """Usage is asked for wherever it can be, beside the caller's own stream options."""
    assert sent({"stream": True})["stream_options"] == {"include_usage": True}
    asked = sent({"stream": True, "stream_options": {"include_obfuscation": False}})
    assert asked["stream_options"] == {"include_obfuscation": False, "include_usage": True}
    assert "stream_options" not in sent({"stream_options": {"include_usage": True}})
    assert "stream_options" not in sent({"stream": True, "stream_options": {}}, Quirks(stream_options=False))


def test_the_limit_has_one_name() -> None:
    """Of two limits OpenAI's newer one counts, under the name that this server reads."""
    both = {"max_tokens": 1, "max_completion_tokens": 2}

    assert {name: sent(both)[name] for name in both if name in sent(both)} == {"max_tokens": 2}
    renamed = sent({"max_tokens": 1}, Quirks(max_tokens_field="max_completion_tokens"))
    assert renamed["max_completion_tokens"] == 1
    assert "max_tokens" not in renamed


def test_knobs_are_shaped_as_the_server_wants_them() -> None:
    """Seed, stop, drop, rename, set: each quirk does what it says."""
    quirks = Quirks(
        seed_field="random_seed",
        stop_max=2,
        stop_as_list=True,
        drop=("user",),
        rename={"top_p": "p"},
        set={"safe": True},
    )

    body = sent({"seed": 1, "stop": ["a", "b"], "user": "u", "top_p": 0.5}, quirks)

    assert (body["random_seed"], body["stop"], body["p"], body["safe"]) == (1, ["a", "b"], 0.5, True)
    assert not {"seed", "user", "top_p"} & set(body)
    assert sent({"stop": "a"}, quirks)["stop"] == ["a"]
    assert "seed" not in sent({"seed": 1}, Quirks(seed_field=None))


def test_more_stop_sequences_than_the_server_takes_are_refused() -> None:
    """It would go on where the caller wants it to stop."""
    with pytest.raises(Unsupported, match="takes 2 stop sequences at most"):
        sent({"stop": ["a", "b", "c"]}, Quirks(stop_max=2))


def test_defaults_fill_only_what_is_open() -> None:
    """A default of the config is no override."""
    defaults = Knobs(temperature=0.7, max_tokens=100)

    body = sent({"temperature": 0}, Quirks(max_tokens_field="max_completion_tokens"), defaults=defaults)

    assert (body["temperature"], body["max_completion_tokens"]) == (0, 100)


def test_the_configs_extra_members_are_sent() -> None:
    """`extra` is what the user demands of this provider, and it outranks what an app says."""
    extra = {"provider": Raw(b'{"data_collection":"deny"}')}

    body = sent({"provider": {"data_collection": "allow"}, "models": ["a"]}, extra=extra)

    assert body["provider"] == {"data_collection": "deny"}
    assert body["models"] == ["a"]


@pytest.mark.parametrize(
    ("quirks", "body"),
    [
        (Quirks(tools=False), {"tools": [TOOL]}),
        (Quirks(json_schema=False), {"response_format": {"type": "json_schema", "json_schema": {"schema": {}}}}),
        (Quirks(json_schema=False), {"response_format": {"type": "json_object", "schema": {}}}),
        (Quirks(json_object=False, json_schema=False), {"response_format": {"type": "json_object"}}),
        (Quirks(logprobs=False), {"logprobs": True}),
        (Quirks(many=False), {"n": 2}),
        (Quirks(allow_only=("messages",)), {"tools": [TOOL]}),
        (Quirks(allow_only=("messages",)), {"response_format": {"type": "json_object"}}),
        (
            Quirks(images_by_url=False),
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x/y"}}]}]},
        ),
    ],
)
def test_a_feature_is_refused_and_never_dropped(quirks: Quirks, body: dict[str, Any]) -> None:
    """Never silently worse: what a server lacks is refused by name, so that the call goes elsewhere."""
    with pytest.raises(Unsupported):
        sent(body, quirks)


def test_a_strict_server_gets_only_what_it_knows() -> None:
    """Mistral answers 422 to any unknown field: knobs it lacks are left out."""
    body = sent({"user": "u", "seed": 1, "n": 1, "logprobs": False, "parallel_tool_calls": True, "new": 1}, MISTRAL)

    assert set(body) == {"model", "messages", "random_seed"}


def test_a_choice_of_tool_is_said_in_the_servers_words() -> None:
    """A named tool becomes the only one on offer, and one that must be called."""
    body = sent({"tools": [TOOL, OTHER], "tool_choice": NAMED}, MISTRAL)

    assert (body["tools"], body["tool_choice"]) == ([TOOL], "any")
    assert sent({"tools": [TOOL], "tool_choice": "required"}, MISTRAL)["tool_choice"] == "any"
    assert sent({"tools": [TOOL], "tool_choice": "auto"}, MISTRAL)["tool_choice"] == "auto"


def test_any_json_is_asked_for_by_a_schema_where_there_is_no_other_way() -> None:
    """LM Studio knows schemas only; the widest one means any JSON object."""
    body = sent({"response_format": {"type": "json_object"}}, Quirks(json_object=False))

    assert body["response_format"]["json_schema"]["schema"] == {"type": "object"}


@pytest.mark.parametrize(
    ("form", "body", "expected"),
    [
        ("reasoning_effort", {"reasoning": {"effort": "low"}}, {"reasoning_effort": "low"}),
        ("reasoning_effort", {"reasoning_effort": "xhigh"}, {"reasoning_effort": "top"}),
        ("reasoning_effort", {"reasoning_effort": "default"}, {"reasoning_effort": "default"}),
        ("reasoning_effort", {"reasoning_effort": "brand-new"}, {"reasoning_effort": "brand-new"}),
        ("reasoning", {"reasoning_effort": "none"}, {"reasoning": {"enabled": False}}),
        ("reasoning", {"reasoning_effort": "high"}, {"reasoning": {"effort": "high"}}),
        ("reasoning", {"reasoning": {"max_tokens": 9}}, {"reasoning": {"max_tokens": 9}}),
        ("thinking", {"reasoning_effort": "none"}, {"thinking": {"type": "disabled"}}),
        ("thinking", {"reasoning_effort": "xhigh"}, {"thinking": {"type": "enabled"}, "reasoning_effort": "top"}),
        ("chat_template_kwargs", {"reasoning_effort": "none"}, {"chat_template_kwargs": {"enable_thinking": False}}),
        ("none", {"reasoning_effort": "low"}, {"reasoning_effort": "low"}),
    ],
)
def test_thinking_is_asked_for_in_the_servers_form(form: Any, body: dict[str, Any], expected: dict[str, Any]) -> None:  # noqa: ANN401
    """Pain 19: however a client says it, the server hears it."""
    found = sent(body, Quirks(reasoning_in=form, effort_words={"xhigh": "top"}))

    assert {name: value for name, value in found.items() if name not in ("model", "messages")} == expected


def test_the_role_of_instructions_follows_the_model() -> None:
    """`developer` for OpenAI's models from o1 and gpt-5 on, `system` for all others; the rest of a turn stays."""
    body = {"messages": [{"role": "system", "content": "s", "x": 1}, {"role": "user", "content": "developer"}]}
    quirks = Quirks(system_role="by_model")
    members = cut(json.dumps(body).encode())
    outline = SERVED.outline("chat", members)

    def roles(model: str) -> list[str]:
        request = CALLED.splice(outline, members, Destination("openai", model, quirks=quirks))
        return [message["role"] for message in json.loads(request.body)["messages"]]

    assert roles("gpt-5.6") == roles("o3") == ["developer", "user"]
    assert roles("gpt-4o") == ["system", "user"]
    turn = {"role": "developer", "content": "s"}
    assert sent({"messages": [turn, USER]})["messages"][0] == {"role": "system", "content": "s"}


def test_thinking_goes_back_by_the_name_the_server_wants() -> None:
    """DeepSeek refuses a turn with calls that lacks `reasoning_content`; a strict server gets no such field at all."""
    call = {"role": "assistant", "content": None, "tool_calls": [{"id": "abcdefghi", "function": {"name": "f"}}]}
    turns = [USER, {**call, "reasoning": "t"}, call]

    deepseek = sent({"messages": turns}, Quirks(echo_reasoning="reasoning_content"))["messages"]
    mistral = sent({"messages": turns}, MISTRAL)["messages"]

    assert [turn.get("reasoning_content") for turn in deepseek] == [None, "t", ""]
    assert not any("reasoning" in turn for turn in deepseek + mistral)


def test_call_ids_fit_the_server() -> None:
    """Older Mistral models want nine letters and digits: foreign ids are mapped, the same way each time."""
    turns = [
        USER,
        {"role": "assistant", "tool_calls": [{"id": "call_1", "function": {"name": "f", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "call_1", "content": "y"},
        {"role": "tool", "tool_call_id": "Abc123xyz", "content": "y"},
    ]

    found = sent({"messages": turns}, MISTRAL)["messages"]

    assert found[1]["tool_calls"][0]["id"] == found[2]["tool_call_id"]
    assert len(found[2]["tool_call_id"]) == 9
    assert found[2]["tool_call_id"].isalnum()
    assert found[3]["tool_call_id"] == "Abc123xyz"


def test_fields_of_messages_can_be_left_out() -> None:
    """Groq refuses `name` in a message."""
    found = sent({"messages": [{**USER, "name": "n"}]}, Quirks(drop_from_messages=("name",)))

    assert found["messages"] == [USER]


def test_completions_and_embeddings_have_their_own_paths() -> None:
    """Each route goes where the provider has it; a path with a leading slash starts at the host."""
    gap = {"model": "m", "prompt": "a", "suffix": "b"}

    assert spliced({"input": "x"}, route="embeddings").path == "/v1/embeddings"
    assert spliced({"prompt": "x"}, route="completions").path == "/v1/completions"
    beta = spliced(gap, Quirks(fim="beta_completions"), route="completions")
    assert beta.path == "/beta/completions"
    assert json.loads(beta.body) == {"model": "real", "prompt": "a", "suffix": "b"}
    with pytest.raises(Unsupported):
        spliced(gap, route="completions")
    with pytest.raises(Unsupported):
        spliced({"prompt": "x"}, Quirks(completions_path=None), route="completions")


def test_a_reply_of_another_shape_is_not_spliced() -> None:
    """Mistral answers a gap with a chat reply and llama.cpp in a form of its own: those have to be written anew."""
    outline = SERVED.outline("completions", cut(b'{"prompt":"a","suffix":"b"}'))
    called = OpenAICalled()

    assert not called.splices(outline, Destination("mistral", "m", quirks=MISTRAL))
    assert called.splices(outline, Destination("box", "m", quirks=Quirks(fim="completions")))
