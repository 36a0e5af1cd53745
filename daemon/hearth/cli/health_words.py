"""How a provider or a model is, in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hearth.cli.words import counted, span, where

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hearth.status_health import HealthStatus


def health_in_words(one: HealthStatus) -> str:
    """Return a line that says how somebody is, and what that is known from."""
    return f"{one.name} ({where(one.place)}) {', '.join(_parts(one))}"


def _parts(one: HealthStatus) -> Iterator[str]:
    yield _state(one)
    if one.success is not None:
        yield f"{one.success:.0%} of its calls lately ended well"
    if one.first_token_s is not None:
        yield f"first token after {one.first_token_s:.2f} s"
    if one.tokens_per_s is not None:
        yield f"{one.tokens_per_s:.0f} tokens/s"
    if one.in_flight:
        quiet = f", silent for {span(one.quiet_s)}" if one.quiet_s is not None and one.quiet_s >= 1 else ""
        yield f"{counted(one.in_flight, 'call')} in flight{quiet}"
    if one.errors:
        yield "failed by " + ", ".join(f"{kind} {count}" for kind, count in sorted(one.errors.items()))
    if one.check is not None:
        asked = "asked for a token" if one.check.what == "token" else "looked at"
        error = f": {one.check.error.rstrip('.')}" if one.check.error else f", answered in {one.check.took_ms:.0f} ms"
        yield f"{asked} {span(one.check.ago_s)} ago{error}"


def _state(one: HealthStatus) -> str:
    why = f" ({one.why.rstrip('.')})" if one.why and one.state != "tried" else ""
    rests = span(one.rests_s) if one.rests_s is not None else ""
    match one.state:
        case "rests":
            cause = f"after {counted(one.failures, 'failure')} in a row" if one.failures else "as it wishes"
            return f"rests for {rests} more {cause}{why}"
        case "tried":
            return "is tried again by one call, and the others stay away meanwhile"
        case "doubted":
            return f"has failed {counted(one.failures, 'time')} in a row{why}"
        case "well":
            return "is well"
