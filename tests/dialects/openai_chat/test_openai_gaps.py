"""The two routes for gaps that are not OpenAI's: Mistral's and llama.cpp's, read, written and called."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dialects.openai_chat.openai_golden import BOX, STAMP, events, recording, sse_head
from hearth.chat import CompleteRequest, Knobs, Members, SourceFile
from hearth.dialects.body import cut, raw
from hearth.dialects.dialect import Head
from hearth.dialects.openai_chat import CALLED, SERVED
from hearth.events import Done, Event, Failed, Finished, Started, TextDelta, Usage
from hearth.fim.filling import Filling
from hearth.fim.known import family_of
from hearth.problems import BadRequest, Overloaded, ProviderRefusal, Unsupported
from hearth_config.quirks import Quirks

ANSWER: list[Event] = [
    Started("x", "m", 1),
    TextDelta(" return"),
    TextDelta(" a +\n b"),
    Usage(input=40, output=4, cached=8, input_ns=20_000_000, output_ns=8_000_000),
    Finished("stop", "stop"),
    Done(),
]
QWEN = Filling(family=family_of("qwen2.5-coder"))


def members(**given: object) -> Members:
    """A body."""
    return {name: raw(value) for name, value in given.items()}


def infill(**more: object) -> Members:
    """A gap as llama.cpp's clients ask for it."""
    return members(input_prefix="def f(", input_suffix="): pass", **more)


def said(route: str, body: Members, what: list[Event], *, pieces: bool = True) -> bytes:
    """What a client is sent."""
    writer = SERVED.writer(SERVED.outline(route, body), STAMP)
    return b"".join(writer.stream([event]) for event in what) if pieces else writer.whole(what)


def records(stream: bytes) -> list[Any]:
    """The JSON of each record of a stream; [DONE] is left out."""
    lines = [line.removeprefix(b"data: ") for line in stream.split(b"\n\n") if line]
    return [json.loads(line) for line in lines if line != b"[DONE]"]


@pytest.mark.parametrize("name", ["stream", "extra", "extra-stream"])
def test_recorded_requests_for_a_gap_are_read(name: str) -> None:
    """Prefix, suffix, what stands in the gap, other files, and the limit under its own name."""
    body = cut(recording(f"openai_completions/llama-infill-{name}").request)
    extra = "extra" in name

    outline = SERVED.outline("infill", body)
    found = SERVED.read("infill", body)

    assert outline.needs == ({"suffix", "repository"} if extra else {"suffix"})
    assert outline.stream is name.endswith("stream")
    assert outline.max_tokens == 16
    assert found == CompleteRequest(
        "def add(a, b):\n   ",
        suffix="\n\nprint(add(1, 2))",
        knobs=Knobs(max_tokens=16),
        begun="    " if extra else "",
        context=(SourceFile("a.py", "x = 1\n"),) if extra else (),
    )


def test_numbers_below_zero_mean_none() -> None:
    """llama.cpp's own words for no limit and a random seed."""
    found = SERVED.read("infill", infill(n_predict=-1, seed=-1, max_tokens=5))

    assert isinstance(found, CompleteRequest)
    assert found.knobs == Knobs()


@pytest.mark.parametrize("left_out", ["input_prefix", "input_suffix"])
def test_a_gap_needs_both_sides(left_out: str) -> None:
    """As llama.cpp says (recording llama-infill-error)."""
    body = infill()
    del body[left_out]

    with pytest.raises(BadRequest, match=left_out):
        SERVED.outline("infill", body)


@pytest.mark.parametrize("feature", [{"grammar": "root ::= x"}, {"json_schema": {"type": "object"}}, {"n_probs": 2}])
def test_what_only_llama_cpp_has_is_refused_elsewhere(feature: dict[str, object]) -> None:
    """Samplers are knobs and may be lost, features are not."""
    with pytest.raises(Unsupported):
        SERVED.read("infill", infill(**feature))
    SERVED.read("infill", infill(samplers=["top_k", "infill"], cache_prompt=True, n_probs=0, grammar=""))


def test_a_streamed_gap_has_llama_cpps_shape() -> None:
    """Pieces that say they are not the last, then one that says why it ended, and no [DONE]."""
    stream = said("infill", infill(stream=True), ANSWER)

    *pieces, last = records(stream)
    assert [piece["content"] for piece in pieces] == [" return", " a +\n b"]
    assert not any(piece["stop"] for piece in pieces)
    assert (last["stop"], last["stop_type"], last["content"], last["has_new_line"]) == (True, "eos", "", True)
    assert (last["tokens_evaluated"], last["tokens_predicted"], last["tokens_cached"]) == (40, 4, 8)
    assert b"[DONE]" not in stream


def test_every_member_of_a_recorded_reply_that_has_a_meaning_is_there() -> None:
    """A whole reply has the members that editors read, of the same types."""
    real = json.loads(recording("openai_completions/llama-infill-extra").body)
    ours = json.loads(said("infill", infill(), ANSWER, pieces=False))

    assert ours["content"] == " return a +\n b"
    left_out = {"generation_settings", "prompt", "timings", "post_sampling_probs"}
    assert set(real) - left_out <= set(ours)
    assert all(type(ours[name]) is type(real[name]) for name in set(real) - left_out)
    assert ours["timings"]["prompt_n"] == 32


def test_unknown_counts_are_left_out() -> None:
    """A count that nobody told is not 0."""
    ours = json.loads(said("infill", infill(), [TextDelta("x"), Finished("length"), Done()], pieces=False))

    assert ours["stop_type"] == "limit"
    assert not {"tokens_evaluated", "tokens_predicted", "timings"} & set(ours)


@pytest.mark.parametrize("route", ["infill", "fim"])
def test_what_is_written_is_read_back(route: str) -> None:
    """The called half reads what the served half writes: text, end and counts."""
    body = infill(stream=True) if route == "infill" else members(prompt="x", stream=True)
    streamed = events("complete", sse_head(), said(route, body, ANSWER))
    whole = events("complete", Head(200), said(route, {**body, "stream": raw(False)}, ANSWER, pieces=False))

    for found in (streamed, whole):
        assert "".join(event.text for event in found if isinstance(event, TextDelta)) == " return a +\n b"
        assert [event.reason for event in found if isinstance(event, Finished)] == ["stop"]
        assert [(event.input, event.output) for event in found if isinstance(event, Usage)][-1:] == [(40, 4)]
        assert isinstance(found[-1], Done)


@pytest.mark.parametrize("route", ["infill", "fim"])
def test_an_error_in_a_stream_is_no_end(route: str) -> None:
    """F6: no reader of that form takes it for a clean end."""
    body = infill(stream=True) if route == "infill" else members(prompt="x", stream=True)
    broken = said(route, body, [TextDelta("a"), Failed(Overloaded("Too busy.", who="box"))])

    assert isinstance(events("complete", sse_head(), broken)[-1], Failed)
    assert b'"stop":true' not in broken
    assert b"[DONE]" not in broken


def test_errors_have_the_form_of_their_route() -> None:
    """A number for a code at llama.cpp's, a flat object at Mistral's, OpenAI's everywhere else."""
    problem = BadRequest("No.", param="prompt")

    llama = json.loads(SERVED.problem(problem, route="infill").body)
    mistral = json.loads(SERVED.problem(problem, route="fim").body)
    openai = json.loads(SERVED.problem(problem, route="completions").body)

    assert llama == {"error": {"code": 400, "message": "No.", "type": "invalid_request_error"}}
    assert mistral == {
        "object": "error", "message": "No.", "type": "invalid_request_error", "param": "prompt", "code": None,
    }  # fmt: skip
    assert openai["error"]["param"] == "prompt"


def test_mistrals_own_error_passes_as_it_came() -> None:
    """A client of its route may know more of it than we do."""
    own = b'{"object":"error","message":"Invalid model: x","type":"invalid_model","param":null,"code":"1500"}'
    refusal = ProviderRefusal("Invalid model: x", who="mistral", upstream_status=400, raw=own)

    assert SERVED.problem(refusal, route="fim").body == own


def test_a_gap_without_a_suffix_is_one_at_the_end() -> None:
    """Mistral's `suffix` may be left out."""
    found = SERVED.read("fim", members(model="codestral-latest", prompt="x", random_seed=3, suffix=None))

    assert found == CompleteRequest("x", suffix="", knobs=Knobs(seed=3))


def test_mistrals_usage_stands_in_the_last_chunk() -> None:
    """And in a whole reply always, since its SDK demands it; it is empty where nobody counted."""
    last = records(said("fim", members(prompt="x", stream=True), ANSWER))[-1]
    whole = json.loads(said("fim", members(prompt="x"), [TextDelta("y"), Finished("stop"), Done()], pieces=False))

    assert last["choices"][0]["finish_reason"] == "stop"
    assert last["usage"]["prompt_tokens"] == 40
    assert whole["usage"] == {}
    assert whole["choices"][0]["message"]["content"] == "y"


def test_each_route_is_spliced_to_its_own_kind_alone() -> None:
    """The reply's shape is that of the route; whoever answers in another is asked anew."""
    bodies = {"infill": infill(), "fim": members(prompt="x"), "completions": members(prompt="x", suffix="y")}
    forms = {"infill": "infill", "fim": "fim_completions", "completions": "completions"}

    for route, body in bodies.items():
        outline = SERVED.outline(route, body)
        for other, form in forms.items():
            to = replace(BOX, quirks=Quirks(fim=form), filling=Filling(native=True))  # type: ignore[arg-type]
            assert CALLED.splices(outline, to) is (route == other)


def test_a_spliced_gap_keeps_what_only_llama_cpp_knows() -> None:
    """llama.vim's samplers and times pass; the model's name is the target's."""
    body = infill(model="asked", samplers=["infill"], t_max_predict_ms=500, hearth={"mode": "lan"})
    to = replace(BOX, quirks=Quirks(fim="infill"), filling=Filling(native=True, files=True))

    sent = CALLED.splice(SERVED.outline("infill", body), body, to)

    assert sent.path == "/infill"
    assert json.loads(sent.body) == {
        "model": "m", "input_prefix": "def f(", "input_suffix": "): pass", "samplers": ["infill"],
        "t_max_predict_ms": 500,
    }  # fmt: skip


def test_other_files_go_to_a_llama_server_as_they_are() -> None:
    """`prompt` and `input_extra` have a place there."""
    gap = CompleteRequest("a", suffix="c", begun="b", context=(SourceFile("x.py", "X"),))
    to = replace(BOX, quirks=Quirks(fim="infill"), filling=Filling(native=True, files=True))

    sent = json.loads(CALLED.request(gap, to, stream=False).body)

    assert (sent["input_prefix"], sent["prompt"], sent["input_suffix"]) == ("a", "b", "c")
    assert sent["input_extra"] == [{"filename": "x.py", "text": "X"}]


def test_a_server_without_a_form_for_gaps_gets_the_familys_tokens() -> None:
    """vLLM, LM Studio, Together: raw text on /completions, its ends named (wire/providers §4.6, §4.15)."""
    gap = CompleteRequest("def f(", suffix="): pass", knobs=Knobs(max_tokens=8))
    to = replace(BOX, filling=QWEN)

    sent = CALLED.request(gap, to, stream=True)

    body = json.loads(sent.body)
    assert sent.path == "/v1/completions"
    assert body["prompt"] == "<|fim_prefix|>def f(<|fim_suffix|>): pass<|fim_middle|>"
    assert "suffix" not in body
    assert "<|file_sep|>" in body["stop"]
    assert body["max_tokens"] == 8


def test_a_completion_with_a_suffix_is_not_spliced_to_who_has_no_form_for_it() -> None:
    """A caller of this very dialect is written anew in the family's tokens too."""
    outline = SERVED.outline("completions", members(prompt="x", suffix="y"))

    assert not CALLED.splices(outline, replace(BOX, filling=QWEN))


@pytest.mark.parametrize("suffix", [None, ""])
def test_a_prompt_in_an_editors_tokens_is_left_alone(suffix: str | None) -> None:
    """It is a raw prompt and an autocompletion, and nothing is put around it."""
    prompt = "<|fim_prefix|>a<|fim_suffix|>b<|fim_middle|>"
    body = members(prompt=prompt, suffix=suffix)

    outline = SERVED.outline("completions", body)
    found = SERVED.read("completions", body)

    assert outline.autocomplete
    assert outline.needs == {"raw"}
    assert found == CompleteRequest(prompt, verbatim=True)


@given(
    st.fixed_dictionaries(
        {"input_prefix": st.text(), "input_suffix": st.text()},
        optional={
            "prompt": st.text(),
            "input_extra": st.lists(st.fixed_dictionaries({"text": st.text(), "filename": st.text()})),
            "n_predict": st.integers(0, 1000),
            "stream": st.booleans(),
        },
    )
)
def test_a_gap_survives_the_round_trip(asked: dict[str, Any]) -> None:
    """What is read from llama.cpp's form and written to it again means the same."""
    to = replace(BOX, quirks=Quirks(fim="infill"), filling=Filling(native=True, files=True))
    meant = SERVED.read("infill", members(**asked))

    sent = CALLED.request(meant, to, stream=False)

    assert SERVED.read("infill", cut(sent.body)) == meant
