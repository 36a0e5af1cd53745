"""A plan in words, and in the log."""

from hearth.routing.explain import compact, explain, lines, read
from hearth.routing.world import TargetState, World
from routing.routing_examples import a_call, household, planned

BUSY = World(now=100.0, states={"ollama/qwen3:8b": TargetState(loaded=True, in_flight=1, queued=5)})


def test_explain_shows_the_way_and_every_target_with_its_reason() -> None:
    """The steps of the name, the order of the targets, and why each stands where it does."""
    said = "\n".join(lines(explain(planned(a_call("gpt-4o"), household(default_model="fast"), BUSY))))

    assert '"gpt-4o" for chat, mode prefer-local' in said
    assert 'default_model is "fast"' in said
    assert "1. box/qwen3-8b (lan): busy" in said
    assert "3. ollama/qwen3:8b (machine): would keep you waiting about 30 s" in said


def test_explain_shows_who_is_refused_and_the_problem() -> None:
    """A refused target has no number, and the problem is what the caller would read."""
    said = "\n".join(lines(explain(planned(a_call("openrouter/x", mode="offline")))))

    assert "no openrouter/x (cloud): is in the cloud" in said
    assert "refused: openrouter/x is in the cloud" in said


def test_the_log_keeps_a_plan_that_can_be_read_back() -> None:
    """`hearth why` shows what was decided then, without the steps of the name."""
    made = planned(a_call("qwen3:8b"), world=BUSY)

    kept = read(compact(made))

    assert kept == explain(made, steps=False)
    assert [(one.target, one.order, one.reason) for one in kept.targets] == [
        ("openrouter/qwen/qwen3-8b", 1, "busy"),
        ("ollama/qwen3:8b", 2, "local"),
    ]
    assert "would keep you waiting" in kept.targets[1].why[0]


def test_the_log_entry_of_a_usual_call_is_short() -> None:
    """It is written once a call, so it holds no more than names and codes."""
    assert len(compact(planned(a_call("local/qwen3:8b")))) < 200
