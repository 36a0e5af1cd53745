"""What is written down of an attempt: its times, its counts, and what it cost by whose price."""

from __future__ import annotations

from time import monotonic_ns
from typing import TYPE_CHECKING

from hearth.money.tags import Cost, Use, cost
from hearth.outbound.meter import BYTES_PER_TOKEN, plausible
from hearth.problems import ProviderProblem, TimedOut
from hearth.record import Attempt, Ending

if TYPE_CHECKING:
    from hearth.outbound.upstream import Upstream
    from hearth.problems import Problem

MILLION = 1_000_000
NOTHING = Cost(0.0, "", "free")
HOME = Cost(0.0, "", "local")


def ending_of(upstream: Upstream, problem: Problem) -> Ending:
    """Return how a try ended that a problem ended: refused, where what was wrong was seen before anything was sent."""
    if upstream.meter.first_ns:
        return "truncated"
    return "failed" if upstream.sent_ns or isinstance(problem, ProviderProblem) else "refused"


def noted(upstream: Upstream, ending: Ending, problem: Problem | None = None) -> Attempt:
    """Return the record of a try that has ended."""
    target, meter, usage = upstream.candidate.target, upstream.meter, upstream.meter.usage
    used, estimated = _used(upstream, ending, problem)
    paid = _cost(upstream, used)
    if paid is None and used.input is None and ending != "complete":
        source = ""
    else:
        source = paid.source if paid is not None else "unknown"
    head, first_ns, began_ns = upstream.head, meter.first_ns, upstream.started_ns
    # In the order of the fields: to name so many of them takes longer than all else in here.
    return Attempt(
        upstream.asked.call.id,
        upstream.number,
        target.name,
        target.provider,
        target.model,
        target.place,
        upstream.credential.id,
        upstream.started,
        ending,
        problem.kind if problem is not None else "",
        problem.text[:300] if problem is not None else upstream.note,
        head.status if head is not None else None,
        upstream.connect_ms,
        (first_ns - began_ns) / MILLION if first_ns else None,
        (monotonic_ns() - began_ns) / MILLION,
        usage.load_ns / MILLION if usage is not None and usage.load_ns is not None else None,
        used.input,
        used.output,
        used.cached,
        used.reasoning,
        estimated,
        paid.amount if paid is not None else None,
        paid.currency if paid is not None else "",
        source,
        upstream.reason,
        upstream.target.origin.address,
        upstream.bytes_out,
        meter.bytes_in,
    )


def cost_of(upstream: Upstream) -> Cost | None:
    """Return what an attempt has cost that answered well; None when nobody knows."""
    if _at_home(upstream):
        return HOME
    used, _ = _used(upstream, "complete", None)
    return _cost(upstream, used)


def in_digits(amount: float) -> str:
    """Write a sum for a header: plain digits to the millionth of a millionth, since not every reader knows "1e-06"."""
    return f"{amount:.12f}".rstrip("0").rstrip(".") if amount else "0"


def _cost(upstream: Upstream, used: Use) -> Cost | None:
    """A price that the user or the public list gives comes first, then the provider's own figure, then its list's."""
    if upstream.asked.call.outline.counts:
        return NOTHING
    if _at_home(upstream):
        return HOME
    tag, usage = upstream.tag, upstream.meter.usage
    if tag is not None and tag.source != "provider":
        found = cost(tag, used) if used.input is not None or tag.source == "local" else None
        if found is not None:
            return found
    if usage is not None and usage.cost is not None and 0 <= usage.cost < MILLION:
        return Cost(usage.cost, usage.currency, "provider")
    return cost(tag, used) if tag is not None and used.input is not None else None


def _at_home(upstream: Upstream) -> bool:
    """Whether an answer was made on a machine of the user's, whose time nobody counts."""
    tag = upstream.tag
    return tag is not None and tag.source == "local" and tag.per_second is None


def _used(upstream: Upstream, ending: Ending, problem: Problem | None) -> tuple[Use, bool]:
    """Return what the attempt took, and whether any of it is our own estimate."""
    meter, outline = upstream.meter, upstream.asked.call.outline
    prompt = outline.prompt_bytes // BYTES_PER_TOKEN
    given, made, estimated = meter.tokens(prompt)
    usage = meter.usage
    if given is not None and outline.operation == "embed" and (usage is None or usage.output is None):
        made, estimated = 0, usage is None or plausible(usage.input) is None
    if given is None and not outline.counts and _worked(upstream, ending, problem):
        came = meter.text_bytes if outline.stream else meter.bytes_in  # of a stream all that came was understood
        given, made, estimated = prompt, -(-came // BYTES_PER_TOKEN), True
    seconds = (monotonic_ns() - upstream.sent_ns) / 1e9 if upstream.sent_ns else 0.0
    if usage is None:
        return Use(given, made, seconds=seconds), estimated
    if usage.total_ns is not None and usage.total_ns >= 0:
        seconds = max(usage.total_ns - (usage.load_ns or 0), 0) / 1e9
    if usage.cached is usage.cache_write is usage.reasoning is None:
        return Use(given, made, seconds=seconds), estimated
    cached, written, thought = plausible(usage.cached), plausible(usage.cache_write), plausible(usage.reasoning)
    return Use(given, made, cached, written, thought, seconds), estimated


def _worked(upstream: Upstream, ending: Ending, problem: Problem | None) -> bool:
    """Whether a provider in the cloud may have read the prompt, and will be paid for that, though it counted nothing.

    Its reply had begun, or nobody waited for it any more.
    """
    if upstream.candidate.target.place != "cloud" or not upstream.sent_ns:
        return False
    if upstream.head is not None:
        return upstream.head.status < 300
    return ending in {"client_gone", "killed"} or isinstance(problem, TimedOut)
