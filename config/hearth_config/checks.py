"""What types cannot say: settings that contradict each other or the promises that Hearth makes."""

from collections.abc import Iterator

from hearth_config.check_aliases import check_alias, target_lists
from hearth_config.check_listen import check_listen
from hearth_config.check_metrics import check_metrics
from hearth_config.check_money import check_money
from hearth_config.check_providers import check_providers, check_reference
from hearth_config.errors import Path, Problem, nearest, one_of
from hearth_config.secrets import TOKEN_PREFIX, is_literal
from hearth_config.settings import Settings, Timeouts


def check(settings: Settings) -> None:
    """Raise Problem for the first setting that must not stand."""
    for problem in _problems(settings):
        raise problem


def _problems(settings: Settings) -> Iterator[Problem]:
    if settings.sealed and settings.mode != "offline":
        reason = f'is true, and mode is "{settings.mode}": the kernel would hold back what that mode lets out'
        yield Problem(("sealed",), reason, 'Set mode = "offline", or leave sealed out')
    yield from check_listen(settings.listen)
    yield from _times(settings)
    yield from check_providers(settings)
    yield from check_metrics(settings.metrics)
    yield from _targets(settings)
    yield from _apps(settings)
    yield from check_money(settings)


def _times(settings: Settings) -> Iterator[Problem]:
    owners: list[tuple[Path, Timeouts]] = [((), settings.timeouts)]
    owners += [(("providers", name), provider.timeouts) for name, provider in settings.providers.items()]
    for path, timeouts in owners:
        for name in ("connect", "first_token", "idle"):
            if getattr(timeouts, name) == 0:
                yield Problem((*path, "timeouts", name), "is zero, so nothing could ever answer", "Write a longer time")


def _targets(settings: Settings) -> Iterator[Problem]:
    for name, alias in settings.models.items():
        yield from check_alias(name, alias)
    for path, targets in target_lists(settings):
        for index, target in enumerate(targets):
            yield from _target((*path, index), target, tuple(settings.providers))


def _target(path: Path, target: str, providers: tuple[str, ...]) -> Iterator[Problem]:
    provider, slash, model = target.partition("/")
    if provider in providers and slash and model:
        return
    colon_provider, colon, rest = target.partition(":")
    if colon and colon_provider in providers:
        yield Problem(path, f'"{target}" has a colon after the provider', f'Write "{colon_provider}/{rest}"')
    elif not slash or not model:
        yield Problem(path, f'"{target}" names no provider', 'Write "provider/model"')
    else:
        near = nearest(provider, providers)
        step = f'Write "{near}/{model}" if you meant that' if near else f"Known providers: {one_of(providers)}"
        yield Problem(path, f'there is no provider "{provider}"', step)


def _apps(settings: Settings) -> Iterator[Problem]:
    for name, app in settings.apps.items():
        path = ("apps", name, "match")
        if not (app.match.user_agent or app.match.token or app.match.process):
            yield Problem(path, "is empty and would match nobody", "Give user_agent, token or process")
        if app.match.token:
            yield from _app_token((*path, "token"), app.match.token)


def _app_token(path: Path, token: str) -> Iterator[Problem]:
    yield from check_reference(path, token)
    if is_literal(token) and not token.startswith(TOKEN_PREFIX):
        step = f'Begin it with "{TOKEN_PREFIX}", here and in the app'
        yield Problem(path, "is no token of Hearth's, so no caller would be known by it", step)
