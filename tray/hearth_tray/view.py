"""What the tray shows of a daemon: facts in, icon and menu out. Pure, so that it is tested without a display."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from hearth.record import CallRecord
from hearth.status import ModelStatus, Usage
from hearth.status_money import BudgetStatus
from hearth_config.words import MODES
from hearth_tray.facts import Facts
from hearth_tray.menu import RULE, Action, IconState, Line, View
from hearth_tray.words import clipped, memory, money, tokens

MODE_WORDS = {
    "offline": "Offline: this machine only",
    "lan": "LAN: this machine and your network",
    "prefer-local": "Prefer local: cloud when it must",
    "any": "Any: the strategy decides",
}
_ICON_WORDS: dict[IconState, str] = {
    "idle": "idle",
    "local": "answering here",
    "cloud": "answering from the cloud",
    "queue": "calls wait",
    "offline": "offline",
    "config_error": "the config has a mistake",
    "away": "not running",
}
MOST_MODELS = 30
"""Lines of models; a menu of hundreds helps nobody, the dashboard shows them all."""
PLACES = {"machine": "here", "lan": "your network", "cloud": "cloud"}
STOP = "Stop everything that leaves this machine"
LIFT = "Let calls leave this machine again"


def view(facts: Facts | None) -> View:
    """Return what to show; None: no daemon answers."""
    if facts is None:
        return View("away", "Hearth is not running", _away())
    icon = icon_of(facts)
    return View(icon, f"Hearth: {_doing(facts, icon)}, mode {facts.status.mode}", tuple(_lines(facts, icon)))


def icon_of(facts: Facts) -> IconState:
    """Return the state that matters most: a mistake, then what leaves the machine, then what goes on here."""
    status = facts.status
    if status.config.error:
        return "config_error"
    if facts.activity.away:
        return "cloud"
    if facts.activity.queued:
        return "queue"
    if facts.activity.here or facts.activity.lan:
        return "local"
    return "offline" if status.mode == "offline" else "idle"


def _doing(facts: Facts, icon: IconState) -> str:
    """Return the icon's state in words; what a machine of the user's own network answers is neither here nor cloud."""
    only_there = icon == "local" and not facts.activity.here
    return "answering from your network" if only_there else _ICON_WORDS[icon]


def _away() -> tuple[Line, ...]:
    return (
        Line("Hearth is not running"),
        Line("Start Hearth", Action("start")),
        RULE,
        Line("Open config", Action("config")),
        Line("Quit this icon", Action("quit")),
    )


def _lines(facts: Facts, icon: IconState) -> Iterator[Line]:
    status = facts.status
    yield Line(f"Hearth: {_doing(facts, icon)}")
    if status.config.error:
        place = clipped(status.config.error, 70)
        yield Line(f"Config: {place}", Action("config", _line_of(status.config.error)))
    if status.bodies is not None and status.bodies.on:
        yield Line("Prompts and answers are kept on disk", Action("config", ""))
    if status.stand_in:
        yield Line("No Ollama answers: a stand-in does")
    if status.sealed is not None:
        since = datetime.fromtimestamp(status.sealed.since).astimezone().strftime("%Y-%m-%d %H:%M")
        yield Line(
            clipped(
                f"Sealed: {status.sealed.fault}" if status.sealed.fault else f"Sealed by the kernel since {since}", 70
            )
        )
    yield RULE
    yield Line(f"Model: {clipped(_default(facts), 40)}", lines=tuple(_models(facts)))
    yield Line(f"Mode: {status.mode}", lines=tuple(_modes(facts)))
    yield Line(LIFT, Action("lift_stop"), checked=True) if status.stopped else Line(STOP, Action("stop_leaving"))
    yield RULE
    yield from _loaded(facts)
    yield from _today(facts)
    if facts.lately:
        yield Line("Last calls", lines=tuple(_call(call) for call in facts.lately))
    yield RULE
    yield Line("Open dashboard", Action("dashboard"))
    yield Line("Open config", Action("config"))
    yield Line("Stop Hearth", Action("stop"))
    if facts.at_login is not None:
        doing = Action("not_at_login" if facts.at_login else "at_login")
        yield Line("Run at login", doing, checked=facts.at_login)
    yield Line("Quit this icon", Action("quit"))


def _default(facts: Facts) -> str:
    return facts.default.model or facts.status.default_model or "none chosen"


def _models(facts: Facts) -> Iterator[Line]:
    """Local ones first, the loaded ones of them before the others; the cloud's where the mode allows it."""
    places = _places(facts.status.mode)
    allowed = [model for model in facts.models if model.place in places and not _only_embeds(model)]
    shown = sorted(allowed, key=_rank)
    now = _default(facts)
    for model in shown[:MOST_MODELS]:
        yield Line(_model_label(model), Action("use", model.name), checked=_is(model, now), radio=True)
    if len(shown) > MOST_MODELS:
        yield Line(f"{len(shown) - MOST_MODELS} more in the dashboard", Action("dashboard", "models"))
    if not shown:
        yield Line("No models are known yet")
    if facts.default.chosen:
        yield RULE
        yield Line("As in the config", Action("use"))


def _only_embeds(model: ModelStatus) -> bool:
    """Whether a model makes embeddings and no answers: as the default it would refuse every question."""
    able = model.capabilities or ()
    return "embedding" in able and "completion" not in able


def _places(mode: str) -> frozenset[str]:
    reach = {"offline": ("machine",), "lan": ("machine", "lan")}
    return frozenset(reach.get(mode, ("machine", "lan", "cloud")))


def _rank(model: ModelStatus) -> tuple[int, bool, str]:
    distance = list(PLACES).index(model.place) if model.place in PLACES else len(PLACES)
    return distance, not model.loaded, model.name


def _is(model: ModelStatus, name: str) -> bool:
    """Say whether a default is this model: by its whole name, or by the engine's own name with or without its tag."""
    plain = name.removesuffix(":latest")
    return plain in {model.name.removesuffix(":latest"), model.model.removesuffix(":latest")}


def _model_label(model: ModelStatus) -> str:
    where = "" if model.place == "machine" else f" ({PLACES.get(model.place, model.place)})"
    return f"{clipped(model.name, 50)}{where}{' · loaded' if model.loaded else ''}"


def _modes(facts: Facts) -> Iterator[Line]:
    """Yield the modes that the file allows."""
    status = facts.status
    ceiling = MODES.index(status.ceiling) if status.ceiling in MODES else len(MODES) - 1
    for mode in MODES[: ceiling + 1]:
        yield Line(MODE_WORDS[mode], Action("mode", mode), checked=mode == status.mode, radio=True)


def _loaded(facts: Facts) -> Iterator[Line]:
    for model in facts.status.loaded:
        label = f"{clipped(model.name, 40)}{_held(model)}"
        yield Line(label, lines=(Line("Free its memory now", Action("unload", model.name)),))


def _held(model: ModelStatus) -> str:
    """Return all memory a model holds, and what of it is the graphics card's where that is only a part."""
    total, card = model.size, model.size_vram
    if total is None:
        return f": {memory(card)}" if card is not None else ""
    part = f" ({memory(card)} on the GPU)" if card and card < total else ""
    return f": {memory(total)}{part}"


def _today(facts: Facts) -> Iterator[Line]:
    total = facts.today.total if facts.today is not None else None
    if total is not None and total.calls:
        yield Line(f"Today: {_sums(total)}")
    elif facts.today is not None:
        yield Line("Today: no calls yet")
    tight = min(facts.status.budgets, key=_left, default=None)
    if tight is not None:
        period = "today" if tight.period == "day" else "this month"
        whose = "" if tight.scope == "all" else f" ({clipped(f'{tight.scope} {tight.name}', 30)})"
        yield Line(f"Left {period}: {money(_left(tight), tight.currency)}{whose}")


def _left(budget: BudgetStatus) -> float:
    """Return what may still be spent of a limit, what calls under way may need set aside."""
    return max(budget.limit - budget.spent - budget.reserved, 0.0)


def _sums(total: Usage) -> str:
    said = f"{tokens(total.input_tokens + total.output_tokens)} tokens"
    costs = ", ".join(money(amount, currency) for currency, amount in sorted(total.costs.items()) if amount)
    unknown = f", {total.unknown_costs} of unknown cost" if total.unknown_costs else ""
    return f"{said}, {costs or 'no cost'}{unknown}"


def _call(call: CallRecord) -> Line:
    at = datetime.fromtimestamp(call.time).astimezone().strftime("%H:%M")
    name = clipped(call.target or call.asked or "?", 40)
    place = PLACES.get(call.place, "nobody")
    ending = "" if call.ending == "complete" else f" · {call.ending}"
    return Line(f"{at}  {name} · {place} · {clipped(call.reason or call.problem, 24)}{ending}")


def _line_of(error: str) -> str:
    """Return the number of the line that a mistake names ("…/hearth.toml:12: …"), "" where it names none."""
    _, found, rest = error.partition(".toml:")
    number = rest.partition(":")[0].strip() if found else ""
    return number if number.isdecimal() else ""
