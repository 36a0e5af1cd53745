"""One request that is handed on unread: that it is under way, what its head says, and what is written down of it."""

from __future__ import annotations

import asyncio
from time import monotonic_ns, time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from hearth.money.accounts import Payer
from hearth.money.purse import day_of
from hearth.problems import Internal, Problem
from hearth.record import Attempt, CallRecord, Ending, Entry
from hearth.routing.explain import compact
from hearth.server.bookkeeping import MAX_NAME, MILLION, told

if TYPE_CHECKING:
    from hearth.outbound.pool import Reply
    from hearth.routing.plan import Plan
    from hearth.routing.targets import Target
    from hearth.server.core import Core
    from hearth.server.live import LiveCall


class Passage:
    """Use it as `with passage:`. However the block ends, one row is written; a kill raises its problem in here."""

    def __init__(self, core: Core, live: LiveCall, plan: Plan) -> None:
        """Nothing is under way before the block."""
        self.call = live.call
        self.committed = False
        """Set once the head has gone to the client."""
        self.bytes_in = 0
        self._core = core
        self._live = live
        self._plan = plan
        self._target: Target | None = None
        self._key_id = ""
        self._address = ""
        self._began, self._began_ns = 0.0, 0
        self._reply: Reply | None = None
        self._status = 0
        self._earlier: tuple[Attempt, ...] = ()
        self._under_way = False

    def __enter__(self) -> Self:
        """Be among the calls in flight."""
        self._core.calls.add(self._live)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write down how it ended. Raises the problem it was killed by; after the head, ends the connection."""
        self._core.calls.remove(self.call.id)
        if self._live.slip is not None:
            self._live.slip.leave(0)
        killed = self._live.killed_by if isinstance(error, asyncio.CancelledError) else None
        problem = killed or (error if isinstance(error, Problem) else None)
        if problem is None and error is not None and not isinstance(error, ConnectionError | asyncio.CancelledError):
            problem = Internal("Hearth failed.")
        self._note(_ending(error, problem, killed, self), problem)
        if killed is not None and (task := asyncio.current_task()) is not None:
            task.uncancel()
        if problem is not None and self.committed:
            raise ConnectionResetError("The reply was cut.") from error
        if killed is not None:
            raise killed

    def begin(self, target: Target, key_id: str, address: str) -> None:
        """Say who is asked now."""
        self._target, self._key_id, self._address = target, key_id, address
        self._began, self._began_ns = time(), monotonic_ns()
        self._under_way = True

    def failed(self, problem: Problem) -> None:
        """Say that an attempt has failed, and that another may follow."""
        if self._target is not None:
            self._earlier += (self._attempt(self._target, "failed", problem),)
            self._reply, self._status, self._under_way = None, 0, False

    def answered(self, reply: Reply) -> None:
        """Say that a head has come."""
        self._reply = reply
        self._status = reply.head.status

    @property
    def asked(self) -> bool:
        """Whether anybody was asked."""
        return self._target is not None

    def facts(self) -> dict[str, str]:
        """What happened, for a person who looks at the head (design §8)."""
        facts = {"X-Hearth-Id": self.call.id, "X-Hearth-Attempts": str(len(self._earlier) + 1)}
        if self._target is not None:
            facts |= {"X-Hearth-Target": self._target.name, "X-Hearth-Place": self._target.place}
            facts["X-Hearth-Reason"] = self._reason()
        return facts

    def _reason(self) -> str:
        name = self._target.name if self._target is not None else ""
        return next((one.reason for one in self._plan.candidates if one.target.name == name), "")

    def _cost(self, ending: Ending) -> tuple[float | None, str]:
        """What it cost, and who says so: at home, or refused, nothing; nobody counts the rest."""
        if self._target is not None and self._target.place == "machine":
            return 0.0, "local"
        return (0.0, "") if ending in {"failed", "refused"} else (None, "unknown")

    def _note(self, ending: Ending, problem: Problem | None) -> None:
        attempts = self._earlier
        if self._target is not None and self._under_way:
            attempts += (self._attempt(self._target, ending, problem),)
            if attempts[-1].cost is None:
                payer = Payer(self._target.provider, self._target.name, self._key_id, self.call.app.name)
                self._core.till.purse.spend(payer, None, day_of(self._began))
        told(self._core, Entry(self._record(ending, problem, len(attempts)), attempts))

    def _attempt(self, target: Target, ending: Ending, problem: Problem | None) -> Attempt:
        cost, source = self._cost(ending)
        return Attempt(
            call_id=self.call.id,
            number=len(self._earlier) + 1,
            target=target.name,
            provider=target.provider,
            model=target.model,
            place=target.place,
            key_id=self._key_id,
            started=self._began,
            ending=ending,
            problem=problem.kind if problem is not None else "",
            detail=problem.text[:300] if problem is not None else "",
            upstream_status=self._status or None,
            total_ms=(monotonic_ns() - self._began_ns) / MILLION,
            cost=cost,
            cost_source=source,
            reason=self._reason(),
            address=self._address,
            bytes_out=self._reply.bytes_out if self._reply is not None else 0,
            bytes_in=self.bytes_in,
        )

    def _record(self, ending: Ending, problem: Problem | None, attempts: int) -> CallRecord:
        call, target = self.call, self._target
        status = self._status if problem is None else problem.http_status
        return CallRecord(
            id=call.id,
            time=call.wall,
            app=call.app.name,
            dialect=call.dialect,
            route=call.outline.route[:MAX_NAME],
            task=call.task,
            asked=call.outline.model[:MAX_NAME],
            mode=self._plan.mode,
            stream=False,
            target=target.name if target is not None else "",
            place=target.place if target is not None else "",
            reason=self._reason() if target is not None else f"refused:{problem.kind if problem else ''}",
            attempts=attempts,
            ending=ending,
            problem=problem.kind if problem is not None else "",
            detail=problem.text[:300] if problem is not None else "",
            status=0 if ending == "client_gone" else status,
            cost=self._cost(ending)[0],
            total_ms=(monotonic_ns() - call.received_ns) / MILLION,
            user_agent=call.app.user_agent[:MAX_NAME],
            plan=compact(self._plan) if self._plan.refused else "",
        )


def _ending(error: BaseException | None, problem: Problem | None, killed: Problem | None, passage: Passage) -> Ending:
    if error is None:
        return "complete"
    if killed is not None:
        return "killed"
    if problem is None:
        return "client_gone"
    if not passage.asked:
        return "refused"
    return "truncated" if passage.committed else "failed"
