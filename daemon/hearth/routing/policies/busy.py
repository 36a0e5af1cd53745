"""Busy means: you would wait too long. A local model slower to its first token than `patience` is tried last."""

from __future__ import annotations

from msgspec.structs import replace

from hearth.call import Call
from hearth.routing.expected import estimate_tokens, expected_first_token, heeded, is_cold
from hearth.routing.policy import ALLOW, Verdict, defer
from hearth.routing.targets import Target
from hearth.routing.world import UNKNOWN_TARGET, Machine, TargetState, World
from hearth_config.settings import Busy, Settings

NAME = "busy"

LOW_BATTERY = 0.30


def judge(call: Call, target: Target, world: World, settings: Settings) -> Verdict:
    """Defer a model on this machine with a full queue, a long expected wait, or a machine under strain."""
    if target.place != "machine":
        return ALLOW
    state = world.states.get(target.name, UNKNOWN_TARGET)
    busy = settings.busy
    if state.queued >= busy.queue and (state.queued or state.in_flight >= state.slots):
        return defer(NAME, "busy", f"has a full queue: {state.queued} waiting")
    if call.task == "autocomplete" and state.talk_s > state.held_s:
        state = replace(state, held_s=state.talk_s, held_by=f"a chat is likely to go on, so {state.talk_by}")
    cold = is_cold(target, state)
    strain = _strain(world.machine, busy, cold=cold)
    if strain:
        return defer(NAME, "busy", strain)
    wait = expected_first_token(
        state,
        estimate_tokens(call.outline),
        now=world.now,
        machine=heeded(world.machine, busy),
        cold=cold,
        size=target.info.size,
    )
    if wait <= busy.patience:
        return ALLOW
    return defer(NAME, "busy", _long_wait(wait, busy.patience, state, cold=cold))


def worth_loading(call: Call, target: Target, world: World, settings: Settings) -> bool:
    """Say whether a model that was put off should be loaded for the next call: it is cold, and there is room."""
    state = world.states.get(target.name, UNKNOWN_TARGET)
    if state.held_s or (state.talk_s and call.task == "autocomplete") or not is_cold(target, state):
        return False
    return target.installed and not _strain(world.machine, settings.busy, cold=True)


def _strain(machine: Machine, busy: Busy, *, cold: bool) -> str:
    cpu, memory = machine.other_cpu, machine.free_memory
    if busy.other_cpu is not None and cpu is not None and cpu >= busy.other_cpu:
        return f"is slow now: other programs hold {cpu:.0%} of the processor (limit {busy.other_cpu:.0%})"
    if cold and busy.free_memory is not None and memory is not None and memory < busy.free_memory:
        return f"is not loaded, and {memory:.0%} of memory is free (limit {busy.free_memory:.0%})"
    if _runs_low(machine) and (busy.battery == "busy" or (cold and busy.battery == "no-load")):
        return f"would drain the battery, which is at {machine.battery:.0%}"
    return ""


def _runs_low(machine: Machine) -> bool:
    return machine.on_battery and machine.battery is not None and machine.battery < LOW_BATTERY


def _long_wait(wait: float, patience: float, state: TargetState, *, cold: bool) -> str:
    parts = []
    if state.in_flight or state.queued:
        parts.append(f"{state.in_flight} running and {state.queued} waiting")
    if state.unread_s:
        parts.append(f"it still reads a prompt whose caller has left, for about {state.unread_s:.0f} s more")
    if state.held_s:
        parts.append(f"{state.held_by} keeps its place in memory for about {state.held_s:.0f} s more")
    if cold:
        parts.append("it must be loaded first")
    if state.loading_since is not None:
        parts.append("it is being loaded")
    why = f" ({', '.join(parts)})" if parts else ""
    return f"would keep you waiting about {wait:.0f} s, patience is {patience:g} s{why}"
