"""What must hold for prices and limits: known currencies, a unit for each price, and a rate for each foreign one."""

from collections.abc import Iterator

from hearth_config.currencies import CURRENCIES
from hearth_config.errors import Path, Problem, nearest
from hearth_config.provider import TOKEN_PARTS
from hearth_config.settings import Budget, Price, Settings


def check_money(settings: Settings) -> Iterator[Problem]:
    """Every problem of the budget and of all prices, in the order of the file."""
    yield from _budget(settings.budget)
    for path, price in _prices(settings):
        yield from _price(path, price, settings.budget)


def _budget(budget: Budget) -> Iterator[Problem]:
    if budget.currency not in CURRENCIES:
        yield _no_currency(("budget", "currency"), budget.currency)
    for currency in budget.rates:
        if currency not in CURRENCIES:
            yield _no_currency(("budget", "rates", currency), currency)
    if budget.rates.get(budget.currency, 1.0) != 1.0:
        step = "Remove it; rates say what one of another currency is in the budget's"
        yield Problem(("budget", "rates", budget.currency), "is a rate for the budget's own currency", step)
    if budget.alert_at == 0:
        step = "Write the share of a limit at which you want to be told, such as 0.8"
        yield Problem(("budget", "alert_at"), "is 0, so you would be told before anything was spent", step)
    daily, monthly = budget.daily_limit, budget.monthly_limit
    if daily is not None and monthly is not None and monthly < daily:
        step = "Lower daily_limit, or raise monthly_limit"
        yield Problem(("budget", "monthly_limit"), "is less than daily_limit, which could never be reached", step)


def _price(path: Path, price: Price, budget: Budget) -> Iterator[Problem]:
    if not price.amounts:
        step = "Add input_per_million and output_per_million (or _per_1k, per_request, per_second); 0 means free"
        yield Problem(path, "names no price", step)
    if price.currency is not None and price.currency not in CURRENCIES:
        yield _no_currency((*path, "currency"), price.currency)
    elif price.currency not in {None, budget.currency, *budget.rates}:
        reason = f"is {price.currency}, and the budget has no rate for it"
        step = f"Add it to [budget] rates: what 1 {price.currency} is in {budget.currency}"
        yield Problem((*path, "currency"), reason, step)
    for part in TOKEN_PARTS:
        if getattr(price, f"{part}_per_million") is not None and getattr(price, f"{part}_per_1k") is not None:
            yield Problem((*path, f"{part}_per_1k"), f"stands beside {part}_per_million", "Keep one of the two")


def _no_currency(path: Path, said: str) -> Problem:
    begun = sorted(code for code in CURRENCIES if len(said) > 1 and code.startswith(said.upper()))
    near = begun[0] if len(begun) == 1 else nearest(said.upper(), tuple(sorted(CURRENCIES)))
    step = f'Write "{near}" if you meant that' if near else 'Write the three capital letters of ISO 4217, such as "USD"'
    return Problem(path, f'"{said}" is no currency', step)


def _prices(settings: Settings) -> Iterator[tuple[Path, Price]]:
    for name, provider in settings.providers.items():
        if provider.price:
            yield ("providers", name, "price"), provider.price
        for index, key in enumerate(provider.keys):
            if key.price and key.price != provider.price:
                yield ("providers", name, "keys", index, "price"), key.price
        for model, pinned in provider.models.items():
            if pinned.price:
                yield ("providers", name, "models", model, "price"), pinned.price
