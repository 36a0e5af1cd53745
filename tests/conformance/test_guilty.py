"""The suite finds what is wrong: a dialect broken in one way fails the one test that is about it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from conformance import broken_dialects as broken
from hearth.conformance import (
    CalledConformance,
    Examples,
    ReplyConformance,
    RoundTripConformance,
    ServedConformance,
    ShapeConformance,
)
from hearth.conformance.subject import Subject, find
from hearth.dialects import ollama
from hearth.dialects.dialect import HttpRequest
from hearth.problems import Unsupported

GUILT = (AssertionError, pytest.fail.Exception, KeyError, TypeError, msgspec.DecodeError, ExceptionGroup)
"""How a test that has found something ends; hypothesis and a crash of the dialect's own included."""
BEAT = b'{"message":{"content":"."}}\n'
CALLED, REPLIES, SERVED, BOTH, SHAPE = (
    CalledConformance(),
    ReplyConformance(),
    ServedConformance(),
    RoundTripConformance(),
    ShapeConformance(),
)


def _with_key(request: Any, to: Any, *, stream: bool) -> HttpRequest:  # noqa: ANN401 -- as the half it bends
    written = ollama.CALLED.request(request, to, stream=stream)
    return msgspec.structs.replace(written, headers=(*written.headers, ("Authorization", "Bearer x")))


def _elsewhere(request: Any, to: Any, *, stream: bool) -> HttpRequest:  # noqa: ANN401 -- as the half it bends
    return msgspec.structs.replace(ollama.CALLED.request(request, to, stream=stream), path="/api/chat")


def _moody() -> Callable[..., HttpRequest]:
    turns = iter(range(1000))

    def request(request: Any, to: Any, *, stream: bool) -> HttpRequest:  # noqa: ANN401 -- as the half it bends
        written = ollama.CALLED.request(request, to, stream=stream)
        return msgspec.structs.replace(written, headers=(*written.headers, ("X-Turn", str(next(turns)))))

    return request


def _silent(request: Any, to: Any, *, stream: bool) -> HttpRequest:  # noqa: ANN401 -- never returned
    raise Unsupported("")


def _spliced(outline: Any, members: Any, to: Any) -> HttpRequest:  # noqa: ANN401 -- as the half it bends
    known = {name: given for name, given in members.items() if not name.startswith("x_")}
    return ollama.CALLED.splice(outline, known, to)


CASES: dict[str, Callable[[], object]] = {
    "a method with other parameters": lambda: SHAPE.test_its_halves_have_the_shape_of_all_dialects(
        broken.called(models=lambda text: ())
    ),
    "a missing method": lambda: SHAPE.test_its_halves_have_the_shape_of_all_dialects(broken.called(splice=None)),
    "two names": lambda: SHAPE.test_its_halves_say_one_name(broken.called(name="olama")),
    "a key handed on": lambda: SHAPE.test_the_headers_it_passes_on_are_in_lower_case(
        broken.served(passes=("authorization",))
    ),
    "an address of its own": lambda: CALLED.test_a_question_is_a_request(broken.called(request=_elsewhere)),
    "a key of its own": lambda: CALLED.test_no_header_is_anothers_business(
        broken.called(request=_with_key), stream=True
    ),
    "tools left out": lambda: CALLED.test_a_feature_is_carried_or_refused(broken.without("tools"), "tools"),
    "a schema left out": lambda: CALLED.test_a_feature_is_carried_or_refused(broken.without("format"), "a JSON schema"),
    "stops left out": lambda: CALLED.test_a_feature_is_carried_or_refused(broken.without("options"), "stop sequences"),
    "a refusal without words": lambda: CALLED.test_a_feature_is_carried_or_refused(
        broken.called(request=_silent), "tools"
    ),
    "a mood": lambda: CALLED.test_what_it_writes_depends_on_nothing_else(broken.called(request=_moody())),
    "one class for all errors": lambda: CALLED.test_an_error_has_its_class(
        broken.called(problem=broken.one_class), 429, b"{}"
    ),
    "a pause forgotten": lambda: CALLED.test_a_pause_is_kept(broken.called(problem=broken.one_class)),
    "a recorded error misread": lambda: CALLED.test_recorded_errors_are_what_they_are(
        broken.called(problem=broken.one_class)
    ),
    "a crash at a list": lambda: CALLED.test_a_list_is_read_or_refused(broken.called(models=broken.crashes)),
    "a reply misread": lambda: REPLIES.test_recorded_replies_say_what_they_say(
        broken.reading(feed=broken.line_by_packet)
    ),
    "packets taken for records": lambda: REPLIES.test_pieces_change_nothing(broken.reading(feed=broken.line_by_packet)),
    "a cut taken for an end": lambda: REPLIES.test_a_cut_reply_is_never_a_finished_one(
        broken.reading(close=broken.ends_well)
    ),
    "garbage taken for an answer": lambda: REPLIES.test_garbage_is_never_an_answer(
        broken.reading(close=lambda sound: [])
    ),
    "bytes lost": lambda: REPLIES.test_no_byte_is_lost(broken.reading(feed=broken.forgets_bytes)),
    "no examples": lambda: REPLIES.test_recorded_replies_say_what_they_say(find("ollama", Examples())),
    "a request trusted": lambda: SERVED.test_any_request_is_read_or_refused(broken.served(outline=broken.trusting)),
    "a pause not told": lambda: SERVED.test_every_problem_is_shown(
        broken.served(problem=broken.no_retry), _kind("RateLimited")
    ),
    "an error that ends well": lambda: SERVED.test_an_error_in_a_stream_is_told(
        broken.writing(failed=broken.says_done)
    ),
    "a failure swallowed": lambda: SERVED.test_a_whole_reply_that_failed_raises(broken.writing(whole=broken.swallows)),
    "words held back": lambda: SERVED.test_any_words_can_be_said(broken.writing(stream=broken.holds_back)),
    "words lost": lambda: BOTH.test_any_answer_comes_back(broken.writing(stream=broken.holds_back)),
    "an error read as an end": lambda: BOTH.test_an_error_is_read_as_an_error(broken.writing(failed=broken.says_done)),
    "a heartbeat that speaks": lambda: BOTH.test_a_heartbeat_says_nothing(broken.writing(heartbeat=BEAT)),
    "a conversation cut short": lambda: BOTH.test_any_conversation_comes_back(broken.without("tools")),
    "unknown members lost": lambda: BOTH.test_a_splice_keeps_what_nobody_knows(broken.called(splice=_spliced)),
}


def _kind(name: str) -> Any:  # noqa: ANN401 -- a class of problems
    from hearth import problems

    return getattr(problems, name)


@pytest.mark.parametrize("guilt", CASES)
def test_what_is_wrong_is_found(guilt: str) -> None:
    """Each kind of breakage fails its own test, and not by chance: the sound dialect passes the same one elsewhere."""
    with pytest.raises(GUILT):
        CASES[guilt]()


def test_an_import_with_effects_is_found(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """A dialect that opens a socket when it is imported, or brings a library of the network along, is found out."""
    module = tmp_path / "noisy_dialect.py"
    module.write_text("import socket\nfrom hearth.dialects.ollama import CALLED\nsocket.socket().close()\n")
    import sys

    sys.path.insert(0, str(tmp_path))
    request.addfinalizer(lambda: sys.path.remove(str(tmp_path)))
    subject = Subject("noisy", "noisy_dialect", None, ollama.CALLED)

    with pytest.raises(AssertionError, match="noisy_dialect does"):
        SHAPE.test_importing_it_is_cheap_and_quiet(subject)
