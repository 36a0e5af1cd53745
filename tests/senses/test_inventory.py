"""What is installed and loaded: what becomes of the providers' answers."""

import asyncio
from math import inf

import msgspec
import pytest

from hearth.dialects.dialect import Head, HttpRequest
from hearth.outbound.egress import Egress
from hearth.outbound.pool import Pool
from hearth.problems import BrokenReply, ProviderFault, TimedOut
from hearth.rehearsal.rehearsal import Rehearsal
from hearth.rehearsal.script import Script
from hearth.routing.catalog import Catalog
from hearth.routing.inventory import Inventory
from hearth.senses.inventory import InventorySense
from hearth_config.addresses import parse_address
from hearth_config.settings import ModelSettings, Provider, Settings
from senses.scripted_provider import Providers, Source, cloud, engine, play


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

    play(scene)


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

    play(scene)


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

    play(scene)


def test_abilities_are_unknown_rather_than_wrong_until_show_has_answered() -> None:
    """The first list is published at once, without the abilities it gets wrong; a second one completes it."""

    async def scene() -> None:
        providers = Providers(engine())

        await providers.sense.start()

        seen = [
            change.of("ollama").models[0].capabilities for change in providers.changes if change.of("ollama").models
        ]
        assert seen == [None, ("completion", "tools")]

    play(scene)


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

    play(scene)


def test_a_silent_cloud_is_not_marked_as_down_for_good() -> None:
    """Nobody asks the cloud by itself again, so its silence is left to the pauses that calls give it."""

    async def scene() -> None:
        providers = Providers(cloud())
        providers.fails["far"] = TimedOut("no connection")

        inventory = await providers.sense.everywhere()

        assert inventory.of("far").error == "no connection"
        assert providers.reached[-1] == ("far", None, "no connection")

    play(scene)


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

    play(scene)


def test_an_error_reply_is_read_by_the_providers_own_dialect() -> None:
    """A 401 to the question for models is told as what it is."""

    async def scene() -> None:
        providers = Providers(cloud())
        providers.status = 401

        listing = (await providers.sense.everywhere()).of("far")

        assert listing.reachable is True
        assert listing.error

    play(scene)


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

    play(scene)


def test_a_setting_that_names_no_other_server_makes_none_forget_its_models() -> None:
    """A pin is edited: its models stay known, and are asked about anew at the next occasion."""

    async def scene() -> None:
        providers = Providers(engine())
        await providers.sense.start()

        pinned = msgspec.structs.replace(engine(), models={"qwen3:8b": ModelSettings(num_ctx=4096)})
        providers.sense.use({"ollama": Source(pinned)})
        kept = providers.sense.inventory.of("ollama")
        await providers.sense.everywhere()

        assert (kept.reachable, [one.name for one in kept.models]) == (True, ["qwen3:8b"])
        assert providers.count("/api/tags") == 2

    play(scene)


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

    play(scene)


def test_a_looked_up_place_is_kept() -> None:
    """Where a host name turned out to be stands in its listing, and survives the next round."""

    async def scene() -> None:
        providers = Providers(cloud("box", "https://box.example/v1"))
        await providers.sense.everywhere()

        providers.sense.looked_up("box", "lan")
        await providers.sense.refresh("box")

        assert providers.sense.inventory.of("box").place == "lan"

    play(scene)


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

    play(scene)
