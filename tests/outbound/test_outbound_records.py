"""Rows of the usage log that are built by position: each value stands in the field of its name."""

import ast
import inspect
from pathlib import Path

import pytest
from msgspec import Struct
from msgspec.structs import fields

from hearth.outbound import noting
from hearth.record import Attempt, CallRecord
from hearth.server import bookkeeping

OTHER_WORDS: dict[str, dict[str, str]] = {
    "Attempt": {
        "call_id": "upstream.asked.call.id",
        "target": "target.name",
        "key_id": "upstream.credential.id",
        "upstream_status": "head.status",
        "first_token_ms": "first_ns - began_ns",
        "total_ms": "monotonic_ns() - began_ns",
        "load_ms": "usage.load_ns",
        "input_tokens": "used.input",
        "output_tokens": "used.output",
        "cached_tokens": "used.cached",
        "reasoning_tokens": "used.reasoning",
        "cost": "paid.amount",
        "cost_source": "source",
        "detail": "upstream.note",
        "problem": "problem.kind",
        "address": "upstream.target.origin.address",
    },
    "CallRecord": {
        "id": "call.id",
        "time": "call.wall",
        "app": "call.app.name",
        "asked": "call.outline.model",
        "reason": "last.reason",
        "problem": "problem.kind",
        "detail": "problem.text",
        "status": "delivery.status",
        "cost": "_total_cost(attempts)",
        "queue_ms": "live.answering.queued_s",
        "first_token_ms": "first - call.received_ns",
        "total_ms": "now - call.received_ns",
        "overhead_ms": "delivery.overhead_ms()",
        "plan": "compact(plan)",
    },
}
"""What says in the code that it is a field's value, where that is not the field's own name."""


@pytest.mark.parametrize(("record", "builder"), [(Attempt, noting), (CallRecord, bookkeeping)])
def test_each_value_stands_in_the_field_of_its_name(record: type[Struct], builder: object) -> None:
    """Values by position are quick and blind: a field that is added in the middle would shift all that follow."""
    words = OTHER_WORDS[record.__name__]

    values = _given(Path(inspect.getsourcefile(builder) or ""), record.__name__)  # type: ignore[arg-type]  # a module

    assert len(values) == len(fields(record))
    for field, value in zip(fields(record), values, strict=True):
        assert words.get(field.name, field.name) in value, f"{field.name} is given {value}"


def _given(file: Path, name: str) -> list[str]:
    """The values of the one call that names every field by its place, as source text."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    calls = [one for one in ast.walk(tree) if isinstance(one, ast.Call) and ast.unparse(one.func) == name]
    (found,) = [one for one in calls if len(one.args) > 9]  # the shorter ones stand for nobody
    assert not found.keywords
    return [ast.unparse(value) for value in found.args]
