"""`hearth why`: what happened to a call, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from hearth.cli.context import client, json_option
from hearth.cli.output import print_facts, print_json, say
from hearth.cli.words import UNKNOWN, clock, counted, exact, milliseconds, number, where

if TYPE_CHECKING:
    from hearth.record import Attempt, CallRecord
    from hearth.status_bodies import Said
    from hearth.told import Told

Fact = tuple[str, str]


@click.command()
@click.argument("id", metavar="ID", default="last")
@click.option("--bodies", is_flag=True, help="Also show what was asked and answered, where usage.bodies kept it.")
@json_option
def why(*, id: str, bodies: bool, as_json: bool) -> None:
    """Say what happened to the call ID, and why.

    `last` is the newest call. The ID stands in `hearth log` and in every answer's X-Hearth-Id.
    """
    told = client().call(id or "last", bodies=bodies)
    if as_json:
        print_json(told)
        return
    print_facts(_facts(told))
    if bytes(told.plan) != b"null":
        from hearth.routing.explain import lines, read

        for line in lines(read(bytes(told.plan).decode())):
            say(line)
    if bodies and told.call is not None:
        for line in _said(told.said):
            say(line)


def _said(said: Said | None) -> Iterator[str]:
    if said is None:
        yield "bodies: none was kept of this call; usage.bodies = true keeps those to come."
        return
    for what, text, size in ("asked", said.request, said.request_size), ("answered", said.answer, said.answer_size):
        yield f"\n--- {what}: {counted(size, 'byte')} ---\n{text}"
    if said.cut:
        yield "--- the rest was too long to be kept ---"


def _facts(told: Told) -> Iterator[Fact]:
    if told.live is not None:
        from hearth.cli.status_view import call_in_words

        yield "in flight", call_in_words(told.live)
    if told.call is not None:
        yield from _call(told.call)
    for attempt in told.attempts:
        yield f"attempt {attempt.number}", _attempt(attempt)


def _call(call: CallRecord) -> Iterator[Fact]:
    yield "call", f"{call.id}, {clock(call.time)}, {call.dialect} {call.route}, {call.task}, mode {call.mode}"
    yield "asked", f"{call.asked or 'no model named'}{f' by {call.app}' if call.app else ''}"
    yield "answered", f"{call.target} ({where(call.place)}): {call.reason}" if call.target else "by nobody"
    yield "ended", f"{call.ending}, HTTP {call.status or UNKNOWN}{f': {call.detail}' if call.detail else ''}"
    about = " (estimated)" if call.estimated else ""
    yield "tokens", f"{number(call.input_tokens)} in, {number(call.output_tokens)} out{about}, {_cost(call)}"
    first, total = milliseconds(call.first_token_ms), milliseconds(call.total_ms)
    own = f"{call.overhead_ms:.1f} ms"
    yield "time", f"{milliseconds(call.queue_ms)} queued, first token after {first}, {total} in all, Hearth's own {own}"


def _cost(call: CallRecord) -> str:
    return f"cost {exact(call.cost)} {call.currency}".rstrip() if call.cost is not None else "cost unknown"


def _attempt(one: Attempt) -> str:
    status = f", HTTP {one.upstream_status}" if one.upstream_status else ""
    key = f", key {one.key_id}" if one.key_id else ""
    detail = f": {one.detail}" if one.detail else ""
    asked = f"{one.target} ({where(one.place)}, {one.reason or 'as planned'}{key})"
    cost = f", cost {exact(one.cost)} {one.currency} ({one.cost_source})" if one.cost else ""
    made = f", connected in {milliseconds(one.connect_ms)}" if one.connect_ms is not None else ""
    return f"{asked}{status}{made}, {milliseconds(one.total_ms)}{cost}, {one.ending}{detail}"
