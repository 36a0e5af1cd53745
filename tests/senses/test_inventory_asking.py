"""When the providers are asked what they have, by whom, and when they are not."""

import asyncio
import time

from hearth.problems import Forbidden, ModelMissing, Unreachable
from promised_times import held_once_of
from senses.scripted_provider import Providers, cloud, engine, play, settle

REFUSED = Unreachable("connection refused", who="ollama")


def test_the_cloud_is_not_asked_before_somebody_needs_it() -> None:
    """At start and while calls come only this machine is asked; listing models asks the rest."""

    async def scene() -> None:
        providers = Providers(engine(), cloud())
        await providers.sense.start()
        providers.sense.wanted()
        await settle(providers)
        assert {name for name, _ in providers.asked} == {"ollama"}

        inventory = await providers.sense.everywhere()

        assert providers.count("/v1/models", "far") == 1
        assert inventory.of("far").reachable
        await providers.sense.everywhere()
        assert providers.count("/v1/models", "far") == 1

    play(scene)


def test_what_the_mode_forbids_is_never_asked() -> None:
    """Offline, no question goes to the cloud, by whichever way one asks for it."""

    async def scene() -> None:
        providers = Providers(engine(), cloud())
        providers.allowed = {"machine"}

        await providers.sense.start()
        await providers.sense.everywhere()
        await providers.sense.refresh("far")
        providers.sense.doubt("far", REFUSED)
        providers.sense.wanted()
        await settle(providers)

        assert {name for name, _ in providers.asked} == {"ollama"}
        assert providers.sense.inventory.of("far").reachable is None

    play(scene)


def test_a_mode_that_tightens_under_way_changes_nothing_known() -> None:
    """A refusal by the mode says nothing about the provider."""

    async def scene() -> None:
        providers = Providers(cloud())
        await providers.sense.everywhere()
        before = providers.sense.inventory

        providers.fails["far"] = Forbidden("mode offline")
        await providers.sense.refresh("far")

        assert providers.sense.inventory == before

    play(scene)


def test_many_who_ask_share_one_round() -> None:
    """Ten callers at once make one round of questions; one that leaves ends nobody's."""

    async def scene() -> None:
        providers = Providers(engine())
        providers.gate.clear()

        asking = [asyncio.create_task(providers.sense.refresh("ollama")) for _ in range(10)]
        await asyncio.sleep(0.01)
        asking[0].cancel()
        providers.gate.set()
        found = await asyncio.gather(*asking[1:])

        assert all(listing.reachable for listing in found)
        assert providers.count("/api/tags") == 1

    play(scene)


def test_a_refresh_waits_for_answers_that_are_newer_than_itself() -> None:
    """A round that began before a model was pulled may not know of it: whoever asks after it gets the next."""

    async def scene() -> None:
        providers = Providers(engine())
        providers.gate.clear()
        first = asyncio.create_task(providers.sense.refresh("ollama"))
        await asyncio.sleep(0.01)

        second = asyncio.create_task(providers.sense.refresh("ollama"))
        await asyncio.sleep(0.01)
        providers.gate.set()
        await asyncio.gather(first, second)

        assert providers.count("/api/tags") == 2

    play(scene)


def test_a_call_never_waits_for_the_inventory() -> None:
    """Saying that a call has come starts a round and returns at once, and is all but free when nothing is due."""
    seconds = list[float]()

    async def scene() -> None:
        providers = Providers(engine())
        providers.gate.clear()

        began = time.perf_counter()
        for _ in range(1000):
            providers.sense.wanted()
        seconds.append(time.perf_counter() - began)
        providers.gate.set()
        await settle(providers)

        assert providers.count("/api/tags") == 1

    held_once_of(3, lambda: play(scene), lambda _: seconds[-1] < 0.1)

    assert seconds[-1] < 0.1


def test_an_engine_that_refuses_is_down_at_once_and_soon_asked_again() -> None:
    """A refused call marks the engine as down before anybody else tries it; when it is back, so it is known (F1)."""

    async def scene() -> None:
        providers = Providers(engine())
        providers.loaded = {"qwen3:8b": {"context_length": 4096}}
        await providers.sense.start()

        providers.sense.doubt("ollama", REFUSED)

        listing = providers.sense.inventory.of("ollama")
        assert (listing.reachable, listing.error) == (False, "connection refused")
        assert [(model.name, model.loaded_window) for model in listing.models] == [("qwen3:8b", None)]
        assert providers.reached[-1] == ("ollama", False, "connection refused")
        providers.sense.wanted()
        await settle(providers)
        assert providers.count("/api/tags") == 1
        providers.sense.distrust()  # as if two seconds had passed
        providers.sense.wanted()
        await settle(providers)
        assert providers.sense.inventory.of("ollama").reachable is True

    play(scene)


def test_a_dead_engine_is_asked_at_most_every_two_seconds() -> None:
    """However many calls come, an address where nobody answers is tried once in 2 s, and found again."""

    async def scene() -> None:
        providers = Providers(engine())
        providers.fails["ollama"] = REFUSED
        began = time.monotonic()
        await providers.sense.start()

        for _ in range(20):
            providers.sense.wanted()
            await asyncio.sleep(0.005)

        assert 1 <= providers.count("/api/tags") <= 1 + (time.monotonic() - began) / 2
        assert providers.sense.inventory.of("ollama").reachable is False
        providers.fails.clear()
        await asyncio.sleep(2.05)
        providers.sense.wanted()
        await settle(providers)
        assert providers.sense.inventory.of("ollama").reachable is True

    play(scene)


def test_a_missing_model_makes_the_list_doubtful() -> None:
    """A model that the engine has lost meanwhile is looked for once the next call comes."""

    async def scene() -> None:
        providers = Providers(engine())
        await providers.sense.start()
        assert providers.count("/api/tags") == 1
        providers.models = {}

        providers.sense.doubt("ollama", ModelMissing("no such model"))
        await asyncio.sleep(2.1)
        providers.sense.wanted()
        await settle(providers)

        assert providers.count("/api/tags") == 2
        assert providers.sense.inventory.of("ollama").models == ()

    play(scene)


def test_closing_ends_what_is_under_way() -> None:
    """A daemon that stops waits for no provider."""

    async def scene() -> None:
        providers = Providers(engine())
        providers.gate.clear()
        asking = asyncio.create_task(providers.sense.refresh("ollama"))
        await asyncio.sleep(0.01)

        await providers.sense.close()
        await asking
        providers.sense.wanted()

        assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("ask ")]

    play(scene)
