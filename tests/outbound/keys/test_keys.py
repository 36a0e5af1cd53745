"""Which keys can be used: what refusals, answers, time and a reload say of them."""

import asyncio
from collections.abc import Mapping

import pytest

from hearth.outbound.egress import Egress
from hearth.outbound.keys.credentials import Credential, Holder
from hearth.outbound.keys.pool import Keys
from hearth.outbound.pool import Pool
from hearth.problems import KeyRefused, QuotaSpent, RateLimited
from hearth_config.layers import build_provider
from hearth_config.secrets import Secret, SecretError
from hearth_config.settings import Provider

KEYED = {"dialect": "openai_chat", "address": "http://127.0.0.1:9/v1"}
BOX = build_provider("box", {**KEYED, "keys": [{"id": "a", "value": "env:A"}, {"id": "b", "value": "env:B"}]}, {})
BARE = build_provider("bare", KEYED, {})
REFUSED = KeyRefused("no", who="box")


class Held:
    """A provider without headers of its own."""

    def __init__(self, settings: Provider = BOX) -> None:
        self.settings = settings
        self.origin = Pool(Egress("offline")).origin(settings.address, who=settings.name, place="machine")

    def configured_headers(self) -> tuple[tuple[str, str], ...]:
        """None."""
        return ()


KNOWN = {"box": Held(BOX), "bare": Held(BARE)}


def keys() -> Keys:
    """Keys of which nothing is known yet."""
    return Keys(Secret)


def counted(held: Keys, providers: Mapping[str, Holder] = KNOWN) -> dict[str, int | None]:
    """What a plan hears of them."""
    return dict(held.recount(providers))


def chosen(held: Keys, times: int, model: str = "") -> list[str]:
    """The ids of the keys that so many calls in a row go with."""

    async def play() -> list[str]:
        found = [await held.choose(KNOWN["box"], frozenset(), 10, model) for _ in range(times)]
        return [one.id if one is not None else "" for one in found]

    return asyncio.run(play())


def test_refused_keys_are_counted_until_all_can_be_used_again() -> None:
    """Nothing is said of providers that refused nobody; the last word says that all is well."""
    held = keys()
    before = counted(held)

    held.rest("box", "a", REFUSED)
    one_left = counted(held)
    held.rest("box", "b", REFUSED)
    none_left = counted(held)
    held.accepted("box", "a")
    one_back = counted(held)
    held.accepted("box", "b")

    assert (before, one_left, none_left, one_back) == ({}, {"box": 1}, {"box": 0}, {"box": 1})
    assert counted(held) == {"box": None}
    assert counted(held) == {}


def test_a_provider_that_wants_a_key_nobody_gave_has_none() -> None:
    """A server without a key in the config that answers 401 is asked last too."""
    held = keys()

    held.rest("bare", "", REFUSED)

    assert counted(held) == {"bare": 0}


def test_a_rest_that_is_over_counts_no_more() -> None:
    """A key whose quota was spent gets another chance when its time is over."""
    held = keys()

    held.rest("box", "a", QuotaSpent("no", who="box", retry_after=1e-9))

    assert counted(held) == {"box": None}


def test_a_limited_key_is_no_refused_one() -> None:
    """A rate limit rests a key, and an answer to an older request does not end that rest."""
    held = keys()

    held.rest("box", "a", RateLimited("slow down", who="box", retry_after=60.0))
    held.accepted("box", "a")

    assert counted(held) == {}
    assert chosen(held, 4) == ["b"] * 4


def test_a_reload_gives_every_key_another_chance() -> None:
    """A new config may hold a new key; a provider that is gone is heard of no more."""
    held = keys()
    for provider in KNOWN:
        held.rest(provider, "a" if provider == "box" else "", REFUSED)

    held.forget(Secret)

    assert counted(held, {"box": KNOWN["box"]}) == {"box": None}
    assert counted(held) == {}


def only(known: str) -> Keys:
    """Keys of which only one reference leads to a secret."""

    def resolve(reference: str) -> Secret:
        if reference != known:
            raise SecretError(reference, "is not set", "Set it.")
        return Secret(reference)

    return Keys(resolve)


def test_a_key_that_cannot_be_had_does_not_keep_the_others_back() -> None:
    """One missing variable costs nothing: the next key is taken, and the missing one rests."""
    held = only("env:B")

    async def play() -> Credential | None:
        return await held.choose(Held(), frozenset())

    chosen = [asyncio.run(play()) for _ in range(8)]

    assert {one.id for one in chosen if one is not None} == {"b"}
    assert counted(held).get("box") in (None, 1)


def test_keys_of_which_none_can_be_had_say_so() -> None:
    """When no secret can be had, the call is told which key failed, never its value."""
    held = only("env:C")

    with pytest.raises(KeyRefused, match="cannot be had"):
        asyncio.run(held.choose(Held(), frozenset()))
