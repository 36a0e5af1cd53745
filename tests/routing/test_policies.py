"""Each policy by itself: what it lets pass, what it puts off, what it refuses, and its words."""

from typing import Any

import pytest

from hearth.chat import Need
from hearth.dialects.dialect import ModelInfo
from hearth.routing.inventory import Listing
from hearth.routing.policies import POLICIES, ability, availability, busy, context_window, cooldown
from hearth.routing.policy import ALLOW, Verdict
from hearth.routing.targets import Target, make_target
from hearth.routing.world import Machine, ProviderState, TargetState, World
from hearth_config.quirks import Quirks
from hearth_config.settings import Busy, ModelSettings, Price
from routing.routing_examples import CODER, EMBED, QWEN, a_call, box, household, ollama, openrouter

LOCAL = make_target(ollama(), Listing(), QWEN.name, QWEN)
COLD = make_target(ollama(), Listing(), CODER.name, CODER)
NAME = LOCAL.name


def cloud(price: Price | None = None, **info: float) -> Target:
    known = ModelInfo("m", price_input=info.get("price_input"), price_output=info.get("price_output"))
    return make_target(openrouter(models={"m": ModelSettings(price=price)}), Listing(), "m", known)


def strained(
    target: Target,
    state: TargetState | None = None,
    machine: Machine | None = None,
    **limits: Any,  # noqa: ANN401 - any part of [busy]
) -> Verdict:
    """Judge by the busy policy at second 100."""
    states = {} if state is None else {target.name: state}
    world = World(now=100.0, states=states, machine=machine or Machine())
    return busy.judge(a_call(), target, world, household(busy=Busy(**limits)))


def test_the_policies_stand_in_one_list_with_privacy_first() -> None:
    """Nothing decides that is not in the list, and names are unique."""
    names = [policy.NAME for policy in POLICIES]

    assert names[0] == "privacy"
    assert len(set(names)) == len(names) == 8


@pytest.mark.parametrize(
    ("need", "words"),
    [
        ("images", "cannot read images"),
        ("suffix", "cannot fill in the middle (suffix)"),
        ("choices", "cannot give several choices (n)"),
        ("files", "cannot read files"),
    ],
)
def test_what_a_model_cannot_do_is_said_in_words(need: Need, words: str) -> None:
    """By its capabilities, or because its wire format has no place for it."""
    verdict = ability.judge(a_call(needs=frozenset({need})), LOCAL, World(), household())

    assert (verdict.kind, verdict.code, verdict.detail) == ("refuse", "refused:ability", words)


@pytest.mark.parametrize("need", ["tools", "thinking", "json", "json_schema", "logprobs", "raw"])
def test_what_a_model_can_do_passes(need: Need) -> None:
    """Ollama holds every chat model to a schema and returns log probabilities."""
    assert ability.judge(a_call(needs=frozenset({need})), LOCAL, World(), household()) is ALLOW


def test_unknown_capabilities_are_put_off_not_refused() -> None:
    """Who does not say what it can is asked after those that do: it will say no by itself."""
    unknown = make_target(box(), Listing(), "m", None)

    verdict = ability.judge(a_call(needs=frozenset({"tools", "images"})), unknown, World(), household())

    assert (verdict.kind, verdict.code) == ("defer", "unsure")
    assert verdict.detail == "may not be able to call tools, read images: nobody says whether it can"


@pytest.mark.parametrize(
    ("quirks", "need"),
    [
        (Quirks(tools=False), "tools"),
        (Quirks(json_schema=False), "json_schema"),
        (Quirks(json_object=False), "json"),
        (Quirks(), "suffix"),
        (Quirks(embeddings_path=None), "embeddings"),
        (Quirks(completions_path=None), "raw"),
        (Quirks(drop=("logprobs",)), "logprobs"),
        (Quirks(logprobs=False), "logprobs"),
        (Quirks(many=False), "choices"),
        (Quirks(allow_only=("model", "messages")), "choices"),
    ],
)
def test_a_providers_quirks_are_limits_too(quirks: Quirks, need: Need) -> None:
    """Where a server's form of the dialect cannot carry a feature, it is not asked for it."""
    target = make_target(box(quirks=quirks), Listing(), "m", None)

    assert ability.judge(a_call(needs=frozenset({need})), target, World(), household()).kind == "refuse"


def test_stop_sequences_beyond_a_providers_limit_send_the_call_elsewhere() -> None:
    """OpenAI takes four: a fifth would not stop it."""
    target = make_target(box(quirks=Quirks(stop_max=4)), Listing(), "m", None)

    assert ability.judge(a_call(stops=4), target, World(), household()) is ALLOW
    verdict = ability.judge(a_call(stops=5), target, World(), household())
    assert (verdict.kind, verdict.detail) == ("refuse", "takes 4 stop sequences at most, and 5 are given")


def test_what_the_user_pins_is_believed() -> None:
    """`capabilities = ["chat", "images"]` means these and no others."""
    target = make_target(box(models={"m": ModelSettings(capabilities=("chat", "images"))}), Listing(), "m", None)

    assert ability.judge(a_call(needs=frozenset({"images"})), target, World(), household()) is ALLOW
    assert ability.judge(a_call(needs=frozenset({"tools"})), target, World(), household()).kind == "refuse"


@pytest.mark.parametrize(
    ("said", "chats"),
    [((), True), (("tools", "images"), True), (("autocomplete",), True), (("embeddings", "tools"), True),
     (("embeddings",), False)],
)  # fmt: skip
def test_a_list_of_what_a_model_can_do_besides_chat_leaves_chat_on(said: tuple[Any, ...], chats: bool) -> None:
    """`capabilities = ["tools", "images"]` (design §8) is a model that chats; only embeddings alone are none."""
    target = make_target(ollama(models={"m": ModelSettings(capabilities=said)}), Listing(), "m", ModelInfo("m"))

    assert (ability.judge(a_call(), target, World(), household()) is ALLOW) is chats
    assert target.answers["chat"].said == ("yes" if chats else "no")


def test_embedding_and_chat_models_are_not_mixed_up() -> None:
    """An embedding model does not chat, and a chat model makes no embeddings."""
    embedder = make_target(ollama(), Listing(), EMBED.name, EMBED)

    chat = ability.judge(a_call(), embedder, World(), household())
    embed = ability.judge(a_call(operation="embed", task="embeddings"), LOCAL, World(), household())

    assert chat.detail == "makes embeddings and cannot write text"
    assert embed.detail == "cannot make embeddings"


def test_only_a_prompt_that_is_clearly_too_long_is_refused() -> None:
    """Near the limit the engine counts by itself; far beyond it nothing is sent."""
    near = context_window.judge(a_call(prompt_bytes=16384 * 5), LOCAL, World(), household())
    far = context_window.judge(a_call(prompt_bytes=16384 * 6), LOCAL, World(), household())

    assert near is ALLOW
    assert far.detail == "holds 16,384 tokens, and the prompt has at least 16,384"


def test_the_length_of_the_answer_and_of_a_batch_refuses_nothing() -> None:
    """An answer cut by the window says `length`; the texts of an embedding call count one by one."""
    answer = context_window.judge(a_call(max_tokens=1_000_000), LOCAL, World(), household())
    batch = context_window.judge(a_call(operation="embed", prompt_bytes=10**9), LOCAL, World(), household())

    assert answer is ALLOW
    assert batch is ALLOW


def test_an_unknown_window_holds_everything() -> None:
    """Nothing is known, so nothing is refused."""
    target = make_target(openrouter(), Listing(), "m", None)

    assert context_window.judge(a_call(prompt_bytes=10**9), target, World(), household()) is ALLOW


def test_who_is_down_or_has_no_key_is_put_off() -> None:
    """What is known may be a moment old, so nobody is refused for it."""
    down = World(providers={"ollama": ProviderState(reachable=False, last_error="refused")})
    keyless = World(providers={"ollama": ProviderState(keys_usable=0)})

    assert availability.judge(a_call(), LOCAL, down, household()).detail == "does not answer (refused)"
    assert availability.judge(a_call(), LOCAL, down, household()).code == "down"
    assert availability.judge(a_call(), LOCAL, keyless, household()).detail == "has no usable key"
    assert availability.judge(a_call(), LOCAL, keyless, household()).code == "no_key"
    assert availability.judge(a_call(), LOCAL, World(), household()) is ALLOW


def test_a_rest_ends_by_itself() -> None:
    """F15: a provider or a target rests until a moment, and not a second longer."""
    world = World(now=100.0, providers={"ollama": ProviderState(resting_until=112.0, rest_reason="HTTP 429")})
    over = World(now=112.0, providers=world.providers, states={NAME: TargetState(resting_until=112.0)})

    assert cooldown.judge(a_call(), LOCAL, world, household()).detail == "rests for 12 s more (HTTP 429)"
    assert cooldown.judge(a_call(), LOCAL, over, household()) is ALLOW


def test_the_reason_tells_a_limit_from_failures_and_from_silence() -> None:
    """Nobody looks for a broken network where a provider only wants a pause: each rest has its own word."""
    limited = World(now=100.0, states={NAME: TargetState(resting_until=130.0, rest_code="rate_limited")})
    failed = World(now=100.0, states={NAME: TargetState(resting_until=130.0, rest_reason="HTTP 500")})
    silent = World(now=100.0, providers={"ollama": ProviderState(resting_until=102.0)})

    codes = [cooldown.judge(a_call(), LOCAL, world, household()).code for world in (limited, failed, silent)]

    assert codes == ["rate_limited", "resting", "down"]


def test_a_wait_longer_than_patience_is_busy() -> None:
    """The reason holds the numbers: who runs, who waits, how long, against which patience."""
    state = TargetState(loaded=True, in_flight=1, queued=3)

    verdict = strained(LOCAL, state)

    assert (verdict.kind, verdict.code) == ("defer", "busy")
    assert "about 20 s, patience is 10 s (1 running and 3 waiting)" in verdict.detail
    assert strained(LOCAL, state, patience=60.0) is ALLOW


def test_more_slots_shorten_the_wait() -> None:
    """Four at a time is a quarter of the wait."""
    assert strained(LOCAL, TargetState(loaded=True, in_flight=4, queued=3, slots=4)) is ALLOW


def test_the_lanes_own_guess_wins() -> None:
    """A lane that knows better says so."""
    assert strained(LOCAL, TargetState(loaded=True, in_flight=9, queued=9, expected_wait=1.0)) is ALLOW
    assert strained(LOCAL, TargetState(loaded=True, expected_wait=11.0)).code == "busy"


def test_a_full_queue_is_busy_whatever_the_patience() -> None:
    """One more would be turned away at the lane."""
    verdict = strained(LOCAL, TargetState(loaded=True, in_flight=1, queued=2, expected_wait=0.0), queue=2)

    assert verdict.detail == "has a full queue: 2 waiting"


def test_without_a_queue_an_idle_model_is_not_full() -> None:
    """`queue = 0` means that nobody waits, not that nobody is served."""
    assert strained(LOCAL, TargetState(loaded=True), queue=0) is ALLOW
    assert strained(LOCAL, TargetState(loaded=True, in_flight=1, expected_wait=0.0), queue=0).code == "busy"


def test_a_model_that_must_be_loaded_counts_its_load() -> None:
    """A small one loads within patience; one that took 25 s lately does not; a load under way counts what is left."""
    took_long = TargetState(loaded=False, learned=TargetState().learned.saw_load(25.0, 99.0))
    nearly = TargetState(loading_since=78.0, learned=took_long.learned)

    assert strained(COLD) is ALLOW
    assert "it must be loaded first" in strained(COLD, took_long).detail
    assert strained(COLD, nearly) is ALLOW
    assert "it is being loaded" in strained(COLD, nearly, patience=1.0).detail


@pytest.mark.parametrize(
    ("machine", "limits", "words"),
    [
        (Machine(other_cpu=0.9), {}, "other programs hold 90% of the processor (limit 85%)"),
        (Machine(free_memory=0.05), {}, "is not loaded, and 5% of memory is free (limit 10%)"),
        (Machine(on_battery=True, battery=0.2), {"battery": "busy"}, "the battery, which is at 20%"),
        (Machine(on_battery=True, battery=0.2), {"battery": "no-load"}, "the battery, which is at 20%"),
    ],
)
def test_a_strained_machine_is_busy(machine: Machine, limits: dict[str, Any], words: str) -> None:
    """By the limits of [busy], for a model that is not loaded."""
    assert words in strained(COLD, machine=machine, **limits).detail


@pytest.mark.parametrize(
    ("machine", "limits"),
    [
        (Machine(other_cpu=0.99), {"other_cpu": None}),
        (Machine(other_cpu=0.99), {"other_cpu": None, "patience": 6.0}),
        (Machine(free_memory=0.01), {"free_memory": None}),
        (Machine(on_battery=True, battery=0.2), {}),
        (Machine(on_battery=True, battery=0.4), {"battery": "busy"}),
        (Machine(on_battery=False, battery=0.2), {"battery": "busy"}),
    ],
)
def test_limits_that_are_off_or_not_reached_do_nothing(machine: Machine, limits: dict[str, Any]) -> None:
    """Off is off, and a battery that is being charged is no reason."""
    assert strained(COLD, machine=machine, **limits) is ALLOW


def test_a_loaded_model_needs_no_more_memory_and_no_load() -> None:
    """Little memory and `no-load` are about loading."""
    machine = Machine(free_memory=0.01, on_battery=True, battery=0.1)

    assert strained(LOCAL, TargetState(loaded=True), machine, battery="no-load") is ALLOW


def test_only_this_machine_is_ever_busy() -> None:
    """What happens elsewhere is not seen from here."""
    away = make_target(box(), Listing(), "m", None)

    assert strained(away, TargetState(in_flight=99, queued=99), Machine(other_cpu=1.0)) is ALLOW
