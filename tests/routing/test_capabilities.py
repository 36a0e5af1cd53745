"""What is known of each model: yes, no or unknown, who said so, and what a call makes of it."""

from typing import Any

import pytest

from hearth.chat import Need
from hearth.dialects.dialect import ModelInfo
from hearth.problems import Unsupported
from hearth.routing.capabilities import FEATURES, Answer, Feature
from hearth.routing.inventory import Inventory, Listing
from hearth.routing.matrix import record_of
from hearth.routing.models_known import known_of
from hearth.routing.targets import Target, make_target
from hearth_config.quirks import Quirks
from hearth_config.settings import Alias, Fallback, ModelSettings
from routing.routing_examples import (
    CODER,
    HOME,
    QWEN,
    a_call,
    box,
    household,
    ollama,
    openrouter,
    planned,
    reasons,
    tried,
)

TOOLS: frozenset[Need] = frozenset({"tools"})
ABLE = ModelInfo("able", capabilities=("completion", "tools"))
UNABLE = ModelInfo("unable", capabilities=("completion",))
UNSAID = ModelInfo("unsaid")


def boxed(info: ModelInfo, **more: Any) -> Target:  # noqa: ANN401 - any setting of the provider
    return make_target(box(**more), Listing(), info.name, info)


@pytest.mark.parametrize(
    ("target", "answer"),
    [
        (make_target(ollama(), Listing(), QWEN.name, QWEN), Answer("yes", "provider")),
        (make_target(ollama(), Listing(), "m", ModelInfo("m", capabilities=("completion",))), Answer("no", "provider")),
        (make_target(ollama(), Listing(), "m", ModelInfo("m")), Answer()),
        (boxed(UNSAID), Answer()),
        (boxed(ModelInfo("gpt-4o-mini")), Answer("yes", "data")),
        (boxed(ModelInfo("text-embedding-3-small")), Answer("no", "data")),
        (boxed(UNSAID, quirks=Quirks(tools=False)), Answer("no", "dialect")),
        (boxed(UNABLE, models={"unable": ModelSettings(capabilities=("chat", "tools"))}), Answer("yes", "config")),
        (boxed(ABLE, models={"able": ModelSettings(capabilities=("chat",))}), Answer("no", "config")),
    ],
)
def test_each_answer_says_where_it_was_learned(target: Target, answer: Answer) -> None:
    """The wire format may forbid; else config is believed before the provider, and the provider before our data."""
    assert target.answers["tools"] == answer


def test_a_list_that_leaves_a_word_out_says_no_unless_it_names_what_it_lacks() -> None:
    """Ollama's lists are complete; of a router's we know that its models call tools, and nothing of pictures."""
    complete = boxed(ModelInfo("m", capabilities=("completion", "tools")))
    partial = boxed(ModelInfo("m", capabilities=("completion", "tools"), lacking=("thinking",)))

    assert complete.answers["images"].said == "no"
    assert partial.answers["images"].said == "unknown"
    assert partial.answers["thinking"].said == "no"
    assert "images" in complete.lacks
    assert "images" in partial.unsure


def test_models_of_which_the_same_is_said_share_one_record() -> None:
    """A provider's four hundred models cost no four hundred records."""
    first, second = boxed(ModelInfo("a")), boxed(ModelInfo("b"))

    assert first.answers is second.answers


def test_a_limit_is_the_users_then_the_providers_then_ours() -> None:
    """Windows and output limits of well-known models are filled in where nobody says them."""
    ours = boxed(ModelInfo("gpt-4o"))
    theirs = boxed(ModelInfo("gpt-4o", window=64_000, output_limit=4_000))
    users = boxed(ModelInfo("gpt-4o", window=64_000), models={"gpt-4o": ModelSettings(window=8_000, output_limit=100)})

    assert [(one.window, one.output_limit) for one in (ours, theirs, users)] == [
        (128_000, 16_384),
        (64_000, 4_000),
        (8_000, 100),
    ]


def test_a_known_model_is_known_behind_any_name() -> None:
    """A router's prefix, a date and a fine-tuning do not change what it is."""
    names = ("gpt-4o", "openai/gpt-4o", "GPT-4o-2024-08-06", "ft:gpt-4o-mini-2024-07-18:me::id")

    assert all(known_of(name) is known_of("gpt-4o") for name in names)
    assert known_of("my-own-model") is None


def test_unknown_is_tried_after_those_that_are_known() -> None:
    """Two servers at home: the one that says it can call tools goes first, whatever the list says."""
    listing = Listing(reachable=True, models=(UNSAID, ABLE))
    settings = household(models={"both": Alias(use=("box/unsaid", "box/able"))}, fallback=Fallback())

    made = planned(a_call("both", needs=TOOLS), settings, inventory=Inventory({"box": listing}))

    assert tried(made) == ["box/able", "box/unsaid"]
    assert reasons(made) == ["unsure", "local"]


def test_unknown_alone_is_tried() -> None:
    """Nobody is refused for what is not known."""
    made = planned(a_call("box/unsaid", needs=TOOLS), inventory=Inventory({"box": Listing(models=(UNSAID,))}))

    assert tried(made)[0] == "box/unsaid"
    assert made.problem is None


def test_a_doubt_is_no_reason_to_leave_home() -> None:
    """A local model of which nothing is known stays before a cloud model that surely can, listed or as fallback."""
    home = Listing(reachable=True, models=(UNSAID,))
    cloud = Listing(reachable=True, models=(ABLE,))
    settings = household(
        mode="prefer-local",
        models={"both": Alias(use=("openrouter/able", "box/unsaid"))},
        fallback=Fallback(cloud=("openrouter/able",)),
    )
    inventory = Inventory({"box": home, "openrouter": cloud})

    listed = planned(a_call("both", needs=TOOLS), settings, inventory=inventory)
    fallen = planned(a_call("box/unsaid", needs=TOOLS), settings, inventory=inventory)

    assert tried(listed) == ["box/unsaid", "openrouter/able"]
    assert tried(fallen) == ["box/unsaid", "openrouter/able"]


def test_a_refusal_names_the_models_that_can() -> None:
    """The nearest first, and none that the mode forbids."""
    cloud = Listing(reachable=True, models=(ABLE,))
    inventory = Inventory({"ollama": HOME, "openrouter": cloud})
    settings = household(fallback=Fallback())

    near = planned(a_call("Llava", needs=TOOLS), settings, inventory=inventory).problem
    at_home = planned(a_call("Llava", needs=TOOLS, mode="offline"), settings, inventory=inventory).problem
    nobody = planned(a_call("Llava", needs=frozenset({"files"}), mode="offline"), settings, inventory=inventory).problem

    assert isinstance(near, Unsupported)
    assert "ollama/qwen3:8b, openrouter/able" in near.next_step
    assert isinstance(at_home, Unsupported)
    assert "openrouter" not in at_home.text
    assert nobody is not None
    assert "None here can; leave that out." in nobody.text


@pytest.mark.parametrize("need", ["embeddings", "suffix"])
def test_what_is_the_whole_request_cannot_be_left_out(need: Need) -> None:
    """A request for vectors, or for what stands in a gap, is told to install a model that makes them."""
    call = a_call("Llava", needs=frozenset({need}), operation="embed" if need == "embeddings" else "complete")

    alone = Listing(reachable=True, models=tuple(one for one in HOME.models if one.name.startswith("Llava")))
    found = planned(call, household(fallback=Fallback()), inventory=Inventory({"ollama": alone})).problem

    assert found is not None
    assert "install one that can" in found.text
    assert "leave that out" not in found.text


def test_every_feature_is_answered() -> None:
    """Those of the model itself; its place and its name answer the two others."""
    target = make_target(openrouter(), Listing(), "m", None)

    assert set(target.answers) | {"offline"} == set(FEATURES)


@pytest.mark.parametrize(
    ("target", "feature", "answer"),
    [
        (make_target(ollama(), Listing(), QWEN.name, QWEN), "offline", Answer("yes", "address")),
        (boxed(UNSAID), "offline", Answer("no", "address")),
        (boxed(ModelInfo("ft:gpt-4o-mini:me::1")), "fine_tuned", Answer("yes", "name")),
        (boxed(UNSAID), "fine_tuned", Answer()),
        (make_target(ollama(), Listing(), CODER.name, CODER), "fim", Answer("yes", "provider")),
        (make_target(ollama(), Listing(), QWEN.name, QWEN), "fim", Answer("no", "provider")),
        (boxed(ModelInfo("qwen2.5-coder-7b")), "fim", Answer("yes", "data")),
        (boxed(UNSAID), "fim", Answer("no", "dialect")),
        (boxed(UNSAID), "stream", Answer("yes", "dialect")),
    ],
)
def test_name_place_and_family_complete_the_record(target: Target, feature: Feature, answer: Answer) -> None:
    """What no list says: whether it works without a network, is fine-tuned, or fills gaps in its family's tokens."""
    record = record_of(target)

    assert record[feature] == answer
    assert tuple(record) == FEATURES
