"""Sorting a chat by what it is: the rules, their order, what they read, and what an alias makes of it."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hearth.call import Call, Task
from hearth.chat import Members
from hearth.routing.catalog import Catalog
from hearth.routing.tasks import KINDS_OF_CHAT, READ_BYTES, last_said, may_leave, sorted_into
from hearth_config.settings import Alias, AliasTasks, Tasks
from routing.routing_examples import INVENTORY, a_call, household, planned, tried

RULES = Tasks()
HOME, CODER, LLAVA = "ollama/qwen3:8b", "ollama/qwen2.5-coder:1.5b", "ollama/Llava:latest"


def raw(**members: object) -> Members:
    return {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in members.items()}


def said(words: str, **outline: Any) -> Call:  # noqa: ANN401 - any part of the outline
    """A chat whose last message says this."""
    turns = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "```yes```"}]
    return replace(a_call("default", **outline), members=raw(messages=[*turns, {"role": "user", "content": words}]))


def sorted_as(call: Call, rules: Tasks = RULES) -> Task:
    return sorted_into(call, KINDS_OF_CHAT, rules).task


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (said("What is this?", images=1), "images"),
        (said("What is this?", needs=frozenset({"images"})), "images"),
        (said("Go on", prompt_bytes=200_000), "long_context"),
        (said("Look it up", needs=frozenset({"tools"})), "tools"),
        (said("Please SUMMARIZE this letter"), "summary"),
        (said("tl;dr"), "summary"),
        (said("Why does this function not return?"), "code"),
        (said("```\nx = 1\n```"), "code"),
        (said("How are you?"), "chat"),
        (said("a decoder of dysfunctional codecs"), "chat"),
    ],
)
def test_each_rule(call: Call, kind: Task) -> None:
    """The request alone decides; words count as whole words, in any case."""
    assert sorted_as(call) == kind


def test_the_first_rule_that_holds_decides() -> None:
    """A picture in a long prompt with tools and code is a request about a picture."""
    call = said("summarize this code", images=1, prompt_bytes=1 << 20, needs=frozenset({"tools"}))

    without = [sorted_into(call, KINDS_OF_CHAT[place:], RULES).task for place in range(len(KINDS_OF_CHAT))]

    assert tuple(without) == KINDS_OF_CHAT


def test_only_kinds_that_have_a_model_are_asked_for() -> None:
    """Without a model for code there is no such kind: it is a chat."""
    assert sorted_into(said("fix this function"), ("images",), RULES).task == "chat"


def test_the_words_and_the_length_are_the_users_own() -> None:
    """[tasks] holds the rules: another word, another length, no words at all."""
    rules = Tasks(code_words=("Quelltext",), summary_words=(), long_context_from=1000)

    assert sorted_as(said("Erkläre den quelltext"), rules) == "code"
    assert sorted_as(said("summary of the function"), rules) == "chat"
    assert sorted_as(said("go on", prompt_bytes=4000), rules) == "long_context"


def test_the_reason_repeats_the_rule_and_nothing_that_was_said() -> None:
    """What goes into the log are words of the config."""
    found = sorted_into(said("my secret project needs a REFACTOR"), KINDS_OF_CHAT, RULES)

    assert found.why == 'its last message has "refactor", one of code_words'


def test_code_in_an_earlier_answer_does_not_count() -> None:
    """Only what the user said last is read."""
    assert sorted_as(said("thank you")) == "chat"


@pytest.mark.parametrize(
    "members",
    [
        raw(prompt="a regex"),
        raw(input="a regex"),
        raw(input=[{"role": "user", "content": [{"type": "input_text", "text": "a regex"}]}]),
        raw(contents=[{"parts": [{"text": "a regex"}]}], systemInstruction={"parts": [{"text": "summarize"}]}),
        raw(messages=[{"role": "user", "content": [{"type": "text", "text": "a regex"}]}], system="summarize"),
        raw(messages=[{"role": "user", "content": "a regex"}, {"role": "tool", "content": "summarize"}]),
    ],
    ids=["generate", "responses", "responses parts", "gemini", "anthropic", "before a tool's answer"],
)
def test_every_dialects_last_message_is_found(members: Members) -> None:
    """They call it messages, input, contents or prompt, and its text content, parts or text."""
    assert sorted_as(replace(a_call("default"), members=members)) == "code"


def test_long_messages_are_read_at_both_ends() -> None:
    """People say what they want before or after what they paste; the middle is not looked through."""
    filler = "x " * READ_BYTES

    assert sorted_as(said(f"summarize: {filler}")) == "summary"
    assert sorted_as(said(f"{filler} now summarize")) == "summary"
    assert sorted_as(said(f"{filler} summarize {filler}")) == "chat"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 53), 1 << 53) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["role", "content", "parts", "text", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["messages", "input", "contents", "prompt", "system"]), JSON))
def test_any_body_can_be_sorted(members: dict[str, object]) -> None:
    """Whatever a body holds where a conversation should be, nothing crashes."""
    found = sorted_into(replace(a_call("default"), members=raw(**members)), KINDS_OF_CHAT, RULES)

    assert found.task in {"chat", *KINDS_OF_CHAT}
    assert len(last_said(raw(**members))) <= 2 * READ_BYTES + 1


@given(st.binary(max_size=40) | st.sampled_from([b'"\xff"', b'["\xff"]', b'[{"role":"\xff"}]', b"[" * 3000]))
def test_bytes_that_are_no_json_are_a_chat(junk: bytes) -> None:
    """A body is cut, not parsed, before it is planned: what its members hold may be anything."""
    call = replace(a_call("default"), members={"messages": msgspec.Raw(junk)})

    assert sorted_into(call, ("code", "summary"), Tasks(code_words=("\0",), summary_words=())).task in {"chat", "code"}


def test_a_request_without_a_model_gets_the_one_of_its_kind() -> None:
    """[tasks] names it; a kind without one means the chat model."""
    settings = household(tasks=Tasks(chat=HOME, code=CODER, images=LLAVA))

    by_kind = {task: tried(planned(a_call("default", task=task), settings))[0] for task in ("chat", "code", "tools")}

    assert by_kind == {"chat": HOME, "code": CODER, "tools": HOME}


def test_names_say_by_which_kinds_they_are_sorted() -> None:
    """A model asked for by its own name is never sorted; the default is, and an alias with tasks."""
    models = {"auto": Alias(use=(HOME,), tasks=AliasTasks(code=(CODER,), images=(LLAVA, HOME)))}
    catalog = Catalog(household(tasks=Tasks(code=CODER), models=models), INVENTORY)

    kinds = {name: catalog.resolve(name, "chat").kinds for name in ("qwen3:8b", "", "default", "gpt-4o", "auto")}

    assert kinds == {
        "qwen3:8b": (),
        "": ("code",),
        "default": ("code",),
        "gpt-4o": ("code",),
        "auto": ("images", "code"),
    }


def test_an_alias_means_other_models_for_other_kinds() -> None:
    """What it does not name means what it always does, and each list keeps its order."""
    models = {"auto": Alias(use=(HOME,), strategy="as_listed", tasks=AliasTasks(code=(CODER,), images=(LLAVA, HOME)))}
    catalog = Catalog(household(models=models), INVENTORY)

    found = {
        task: [one.name for one in catalog.resolve("auto", task).targets]
        for task in ("chat", "code", "images", "tools")
    }

    assert found == {"chat": [HOME], "code": [CODER], "images": [LLAVA, HOME], "tools": [HOME]}
    assert "for code it means" in catalog.resolve("auto", "code").how


@pytest.mark.parametrize("kind", KINDS_OF_CHAT)
def test_chat_in_fallback_tasks_stands_for_all_kinds_of_chat(kind: Task) -> None:
    """Being sorted never keeps home what may leave, nor lets out what may not."""
    assert may_leave(kind, ("chat",))
    assert may_leave(kind, (kind,))
    assert not may_leave(kind, ("embeddings",))
    assert not may_leave("chat", (kind,))
    assert not may_leave("autocomplete", ("chat", "embeddings"))
