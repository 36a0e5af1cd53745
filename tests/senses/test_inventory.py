"""What is installed and loaded: when the providers are asked, and what becomes of their answers."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from math import inf

import pytest

from hearth.dialects.dialect import Head, HttpRequest
from hearth.outbound.egress import Egress
from hearth.outbound.pool import Pool
from hearth.problems import BrokenReply, Forbidden, ModelMissing, ProviderFault, TimedOut, Unreachable
from hearth.rehearsal.rehearsal import Rehearsal
from hearth.rehearsal.script import Script
from hearth.routing.catalog import Catalog
from hearth.routing.inventory import Inventory
from hearth.senses.inventory import InventorySense
from hearth_config.addresses import parse_address
from hearth_config.settings import Provider, Settings
from senses.scripted_provider import Providers, Source, cloud, engine

REFUSED = Unreachable("connection refused", who="ollama")


def _play(scene: Callable[[], Awaitable[None]]) -> None:
    async def played() -> None:
        await asyncio.wait_for(scene(), 20)

    asyncio.run(played())


async def _settle(providers: Providers) -> None:
    """Wait until no round of questions is under way."""
    await asyncio.sleep(0)
    while tasks := [task for task in asyncio.all_tasks() if task.get_name().startswith("ask ")]:
        await asyncio.wait(tasks)
    assert providers.asked is not None


def test_an_engines_models_are_known_with_abilities_window_and_version() -> None:
    """Tags say what is there, show what it can do (the list's own abilities are incomplete)."""

    async def scene() -> None:
        providers = Providers(engine())

        inventory = await providers.sense.start()

        listing = inventory.of("ollama")
        model = listing.models[0]
        assert (listing.reachable, listing.error, listing.version) == (True, "", "0.32.15")
        assert (model.name, model.digest, model.window) == ("qwen3:8b", "d1", 40960)
        assert model.capabilities == ("completion", "tools")
        assert (model.loaded_window, model.size_vram) == (None, None)
        assert providers.reached[-1] == ("ollama", True, "")

    _play(scene)


def test_a_loaded_model_is_known_as_loaded() -> None:
    """What ps says stands beside what tags says: window, share of the GPU, and until when it stays."""

    async def scene() -> None:
        providers = Providers(engine())
        providers.loaded = {
            "qwen3:8b": {
                "size": 9_000, "size_vram": 4_500, "context_length": 8192, "expires_at": "2318-01-01T00:00:00Z"
            }
        }  # fmt: skip

        inventory = await providers.sense.start()

        model = inventory.of("ollama").models[0]
        assert (model.loaded_window, model.size, model.size_vram) == (8192, 9_000, 4_500)
        settings = Settings(providers={"ollama": engine()})
        target = Catalog(settings, inventory).targets["ollama/qwen3:8b"]
        assert target.loaded
        assert providers.sense.loaded_until(target) == inf
        providers.loaded = {}
        await providers.sense.refresh("ollama")
        assert providers.sense.loaded_until(target) == 0.0

    _play(scene)


def test_what_a_model_can_do_is_asked_once_a_version_of_it() -> None:
    """Show is cached by digest: a model made anew is asked about anew, and may turn out to be remote."""

    async def scene() -> None:
        providers = Providers(engine())
        await providers.sense.start()
        await providers.sense.refresh("ollama")
        assert providers.count("/api/show") == 1

        providers.models["qwen3:8b"] = "d2"
        providers.remote_host = "https://ollama.com:443"
        listing = await providers.sense.refresh("ollama")

        assert providers.count("/api/show") == 2
        assert listing.models[0].remote_host == "https://ollama.com:443"

    _play(scene)


def test_abilities_are_unknown_rather_than_wrong_until_show_has_answered() -> None:
    """The first list is published at once, without the abilities it gets wrong; a second one completes it."""

    async def scene() -> None:
        providers = Providers(engine())

        await providers.sense.start()

        seen = [
            change.of("ollama").models[0].capabilities for change in providers.changes if change.of("ollama").models
        ]
        assert seen == [None, ("completion", "tools")]

    _play(scene)


def test_a_change_is_told_and_sameness_is_not() -> None:
    """Whoever listens hears of a new inventory only when something in it is new."""

    async def scene() -> None:
        providers = Providers(engine())
        await providers.sense.start()
        told = len(providers.changes)

        await providers.sense.refresh("ollama")
        assert len(providers.changes) == told
        providers.models["gemma3:4b"] = "d9"
        await providers.sense.refresh("ollama")

        assert len(providers.changes) > told
        assert [model.name for model in providers.changes[-1].of("ollama").models] == ["qwen3:8b", "gemma3:4b"]
        assert providers.changes[-1] == providers.sense.inventory

    _play(scene)


def test_the_cloud_is_not_asked_before_somebody_needs_it() -> None:
    """At start and while calls come only this machine is asked; listing models asks the rest."""

    async def scene() -> None:
        providers = Providers(engine(), cloud())
        await providers.sense.start()
        providers.sense.wanted()
        await _settle(providers)
        assert {name for name, _ in providers.asked} == {"ollama"}

        inventory = await providers.sense.everywhere()

        assert providers.count("/v1/models", "far") == 1
        assert inventory.of("far").reachable
        await providers.sense.everywhere()
        assert providers.count("/v1/models", "far") == 1

    _play(scene)


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
        await _settle(providers)

        assert {name for name, _ in providers.asked} == {"ollama"}
        assert providers.sense.inventory.of("far").reachable is None

    _play(scene)


def test_a_mode_that_tightens_under_way_changes_nothing_known() -> None:
    """A refusal by the mode says nothing about the provider."""

    async def scene() -> None:
        providers = Providers(cloud())
        await providers.sense.everywhere()
        before = providers.sense.inventory

        providers.fails["far"] = Forbidden("mode offline")
        await providers.sense.refresh("far")

        assert providers.sense.inventory == before

    _play(scene)


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

    _play(scene)


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

    _play(scene)


def test_a_call_never_waits_for_the_inventory() -> None:
    """Saying that a call has come starts a round and returns at once, and is all but free when nothing is due."""

    async def scene() -> None:
        providers = Providers(engine())
        providers.gate.clear()

        began = time.perf_counter()
        for _ in range(1000):
            providers.sense.wanted()
        took = time.perf_counter() - began
        providers.gate.set()
        await _settle(providers)

        assert took < 0.1
        assert providers.count("/api/tags") == 1

    _play(scene)


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
        await _settle(providers)
        assert providers.count("/api/tags") == 1
        providers.sense.distrust()  # as if two seconds had passed
        providers.sense.wanted()
        await _settle(providers)
        assert providers.sense.inventory.of("ollama").reachable is True

    _play(scene)


def test_a_dead_engine_is_asked_at_most_every_two_seconds() -> None:
    """However many calls come, an address where nobody answers is tried once in 2 s, and found again."""

    async def scene() -> None:
        providers = Providers(engine())
        providers.fails["ollama"] = REFUSED
        await providers.sense.start()

        for _ in range(20):
            providers.sense.wanted()
            await asyncio.sleep(0.005)

        assert providers.count("/api/tags") == 1
        assert providers.sense.inventory.of("ollama").reachable is False
        providers.fails.clear()
        await asyncio.sleep(2.05)
        providers.sense.wanted()
        await _settle(providers)
        assert providers.sense.inventory.of("ollama").reachable is True

    _play(scene)


def test_a_silent_cloud_is_not_marked_as_down_for_good() -> None:
    """Nobody asks the cloud by itself again, so its silence is left to the pauses that calls give it."""

    async def scene() -> None:
        providers = Providers(cloud())
        providers.fails["far"] = TimedOut("no connection")

        inventory = await providers.sense.everywhere()

        assert inventory.of("far").error == "no connection"
        assert providers.reached[-1] == ("far", None, "no connection")

    _play(scene)


@pytest.mark.parametrize("problem", [ProviderFault("HTTP 500"), BrokenReply("not JSON")], ids=["500", "HTML"])
def test_who_answers_wrongly_is_reachable_all_the_same(problem: ProviderFault | BrokenReply) -> None:
    """A list that fails says what is wrong, keeps what was known, and does not call the provider unreachable."""

    async def scene() -> None:
        providers = Providers(engine())
        await providers.sense.start()

        providers.fails["ollama"] = problem
        listing = await providers.sense.refresh("ollama")

        assert (listing.reachable, listing.error) == (True, problem.message)
        assert [model.name for model in listing.models] == ["qwen3:8b"]

    _play(scene)


def test_an_error_reply_is_read_by_the_providers_own_dialect() -> None:
    """A 401 to the question for models is told as what it is."""

    async def scene() -> None:
        providers = Providers(cloud())
        providers.status = 401

        listing = (await providers.sense.everywhere()).of("far")

        assert listing.reachable is True
        assert listing.error

    _play(scene)


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
        await _settle(providers)

        assert providers.count("/api/tags") == 2
        assert providers.sense.inventory.of("ollama").models == ()

    _play(scene)


def test_a_reload_keeps_what_is_known_of_unchanged_providers() -> None:
    """An edit elsewhere costs no question; a new address is asked anew; a provider that was taken out is forgotten."""

    async def scene() -> None:
        providers = Providers(engine(), engine("second"))
        await providers.sense.start()

        moved = engine("second", "http://127.0.0.1:11999")
        providers.sense.use({"ollama": Source(engine()), "second": Source(moved)})
        inventory = providers.changes[-1]
        assert (inventory.of("ollama").reachable, inventory.of("second").reachable) == (True, None)
        providers.sense.use({"ollama": Source(engine())})

        assert set(providers.changes[-1].listings) == {"ollama"}
        assert providers.count("/api/tags") == 1

    _play(scene)


def test_an_answer_for_a_provider_that_was_taken_out_is_dropped() -> None:
    """A round under way at a reload ends without a trace."""

    async def scene() -> None:
        providers = Providers(engine())
        providers.gate.clear()
        asking = asyncio.create_task(providers.sense.refresh("ollama"))
        await asyncio.sleep(0.01)

        providers.sense.use({})
        providers.gate.set()
        await asking

        assert providers.sense.inventory == Inventory()

    _play(scene)


def test_a_looked_up_place_is_kept() -> None:
    """Where a host name turned out to be stands in its listing, and survives the next round."""

    async def scene() -> None:
        providers = Providers(cloud("box", "https://box.example/v1"))
        await providers.sense.everywhere()

        providers.sense.looked_up("box", "lan")
        await providers.sense.refresh("box")

        assert providers.sense.inventory.of("box").place == "lan"

    _play(scene)


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

    _play(scene)


def test_the_rehearsed_ollama_is_read_over_a_real_connection() -> None:
    """Through the real pool, against the stand-in engine: models, abilities and version are all there."""

    async def scene() -> None:
        async with Rehearsal(Script()) as rehearsal:
            settings = Provider(name="ollama", dialect="ollama", address=parse_address(rehearsal.url), auth="none")
            pool = Pool(Egress("offline"))
            origin = pool.origin(settings.address, who="ollama", place="machine")

            async def fetch(_: str, request: HttpRequest) -> tuple[Head, bytes]:
                reply = await pool.send(origin, request.method, request.path, request.headers, request.body)
                return reply.head, await reply.read_all(1 << 20)

            sense = InventorySense(fetch, lambda _: None)
            sense.use({"ollama": Source(settings)})
            listing = (await sense.start()).of("ollama")
            await pool.aclose()

        assert listing.reachable
        assert listing.version
        assert listing.models
        assert all(model.capabilities and model.window and model.digest for model in listing.models)

    _play(scene)
