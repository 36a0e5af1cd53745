"""Which call a result answers: by its id, else by its name, else by its turn."""

from hypothesis import given
from hypothesis import strategies as st

from hearth.chat import ToolCall, ToolResult
from hearth.dialects.open_calls import OpenCalls


def opened(*calls: tuple[str, str]) -> OpenCalls:
    """Calls of these ids and names, all open."""
    found = OpenCalls()
    for id, name in calls:
        found.begin(ToolCall(id, name, "{}"))
    return found


def test_an_id_of_its_own_counts() -> None:
    """A result with an id answers the call of that id, whatever else is open."""
    calls = opened(("a", "f"), ("b", "g"))

    assert calls.claim(ToolResult("b", ())) == "b"


def test_a_name_finds_its_call_where_there_is_no_id() -> None:
    """Ollama's clients tell a result's tool: the first open call of that name is answered, then the next."""
    calls = opened(("", "f"), ("", "g"), ("", "f"))

    claimed = [calls.claim(ToolResult("", (), name=name)) for name in ("f", "g", "f")]

    assert claimed == ["call_0", "call_1", "call_2"]


def test_neither_id_nor_name_goes_by_order() -> None:
    """Results that say nothing come in the order of the calls."""
    calls = opened(("a", "f"), ("b", "g"))

    assert [calls.claim(ToolResult("", ())) for _ in range(2)] == ["a", "b"]


def test_an_id_that_nobody_opened_is_kept() -> None:
    """A call that lies before the turns at hand is answered under the id the caller says."""
    calls = opened(("a", "f"))

    assert calls.claim(ToolResult("elsewhere", (), name="f")) == "elsewhere"


@given(st.lists(st.tuples(st.sampled_from(["", "x", "y", "z"]), st.sampled_from("fgh")), max_size=9))
def test_as_many_results_as_calls_answer_each_once(made: list[tuple[str, str]]) -> None:
    """No call is answered twice while another waits, and the same conversation has the same ids each time."""
    begun = OpenCalls()
    ids = [begun.begin(ToolCall(id, name, "{}")) for id, name in made]

    claimed = [begun.claim(ToolResult("", (), name=name)) for _, name in made]

    assert sorted(claimed) == sorted(ids)
