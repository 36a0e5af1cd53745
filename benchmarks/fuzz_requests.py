"""Requests of clients, fuzzed: whatever comes is read or refused in words, and what is read can be sent on."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import structs

from fuzz_seeds import ANSWER, ROUTES, STAMP
from hearth.call import Outline
from hearth.chat import Members
from hearth.dialects import registry
from hearth.dialects.body import cut
from hearth.dialects.dialect import Destination, Served
from hearth.problems import Internal, Problem

TO = Destination("somebody", "some-model", "/v1")


def check_words(refusal: Exception) -> None:
    """Hold that a refusal says why, and is no fault of ours."""
    assert str(refusal), "a refusal without a word"
    assert not isinstance(refusal, Internal), "a fault of ours"


def asks(dialect: str) -> Callable[[bytes], None]:
    """Return the check of one dialect's requests."""

    def check(data: bytes) -> None:
        half = registry.served(dialect)
        assert half is not None, "nobody is served in it"
        route = ROUTES[dialect][data[0] % len(ROUTES[dialect])]
        try:
            members = cut(data[1:])
            outline = half.outline(route, members)
        except Problem as problem:
            _check_refusal(half, route, problem)
            return
        _read_and_sent(half, route, members, outline)
        _answered(half, outline)

    return check


def _read_and_sent(half: Served, route: str, members: Members, outline: Outline) -> None:
    own = registry.called(half.name)
    try:
        if own is not None and own.splices(outline, TO):
            own.splice(outline, members, TO)
        request = half.read(route, members)
    except Problem as problem:
        _check_refusal(half, route, problem)
        return
    for name in registry.OURS:
        called = registry.called(name)
        try:
            if called is not None:
                called.request(request, TO, stream=outline.stream)
        except Problem as problem:
            _check_refusal(half, route, problem)


def _answered(half: Served, outline: Outline) -> None:
    """Whoever was understood can be answered, in either way."""
    if outline.operation == "embed" or outline.counts:
        return
    for stream in (True, False):
        writer = half.writer(structs.replace(outline, stream=stream), STAMP)
        assert writer.stream(ANSWER) if stream else writer.whole(ANSWER), "an answer without a byte"


def _check_refusal(half: Served, route: str, problem: Problem) -> None:
    check_words(problem)
    assert 400 <= half.problem(problem, route=route).status < 600, "a refusal that looks like an answer"
