"""How a model name is understood (design: the order of resolution)."""

import pytest

from hearth.call import Task
from hearth.dialects.dialect import ModelInfo
from hearth.problems import BadRequest
from hearth.routing.catalog import Catalog
from hearth.routing.explain import explain
from hearth.routing.inventory import Inventory, Listing
from hearth_config.settings import Alias, Fallback, Settings
from routing.routing_examples import (
    DOWN,
    FAST,
    HOME,
    INVENTORY,
    a_call,
    household,
    ollama,
    openrouter,
    planned,
    provider,
)


def names(
    name: str, settings: Settings | None = None, inventory: Inventory = INVENTORY, task: Task = "chat"
) -> list[str]:
    return [target.name for target in Catalog(settings or household(), inventory).resolve(name, task).targets]


def test_an_alias_means_its_targets_in_their_order() -> None:
    """The exact name of an alias wins over everything, a model of that name included."""
    settings = household(models={"qwen3:8b": FAST})

    found = Catalog(settings, INVENTORY).resolve("qwen3:8b", "chat")

    assert found.kind == "alias"
    assert [target.name for target in found.targets] == list(FAST.use)


def test_an_alias_may_carry_the_tag_that_ollama_clients_add() -> None:
    """`fast:latest` is `fast`: Ollama's clients add the tag by themselves."""
    assert names("fast:latest") == list(FAST.use)


def test_provider_slash_model_is_taken_by_its_word() -> None:
    """What stands behind the provider's name is the model, slashes and all, whether listed or not."""
    assert names("openrouter/meta/llama-4") == ["openrouter/meta/llama-4"]
    assert names("ollama/nomic-embed-text") == ["ollama/nomic-embed-text:latest"]


def test_a_provider_alone_means_its_default_model() -> None:
    """`openrouter` is its default_model, for embeddings its embedding_model."""
    cloud = openrouter(default_model="a/b", embedding_model="c/d")
    settings = household(providers={"openrouter": cloud})

    assert names("openrouter", settings) == ["openrouter/a/b"]
    assert names("openrouter", settings, task="embeddings") == ["openrouter/c/d"]


def test_a_colon_after_the_provider_is_answered_with_the_right_spelling() -> None:
    """`ollama:qwen3:8b` is a slip, and the answer says what to write."""
    found = Catalog(household(), INVENTORY).resolve("ollama:qwen3:8b", "chat")

    assert isinstance(found.problem, BadRequest)
    assert '"ollama/qwen3:8b"' in found.problem.text
    assert found.fallback == ()


@pytest.mark.parametrize(
    ("slip", "right"),
    [
        ("openrouter:qwen/qwen3-8b", "openrouter/qwen/qwen3-8b"),
        ("local:qwen3:8b", "local/qwen3:8b"),
        ("LOCAL/qwen3:8b", "local/qwen3:8b"),
        ("Ollama/qwen3:14b", "ollama/qwen3:14b"),
    ],
)
def test_what_nearly_names_a_provider_is_never_sent_elsewhere(slip: str, right: str) -> None:
    """A colon before a model with a slash, `local:` and capitals are answered with the spelling, not by the cloud."""
    found = Catalog(household(), INVENTORY).resolve(slip, "chat")

    assert isinstance(found.problem, BadRequest)
    assert f'"{right}"' in found.problem.next_step
    assert found.fallback == ()


def test_a_listed_model_may_begin_like_a_provider() -> None:
    """`Qwen/Qwen3-8B` is what a provider lists, although another provider is called qwen."""
    settings = household(
        providers={"openrouter": openrouter(), "qwen": provider("qwen", "openai_chat", "https://a.example/v1")}
    )
    inventory = Inventory({"openrouter": Listing(reachable=True, models=(ModelInfo("Qwen/Qwen3-8B"),))})

    assert names("Qwen/Qwen3-8B", settings, inventory) == ["openrouter/Qwen/Qwen3-8B"]


def test_a_model_of_an_ollama_on_the_network_goes_by_any_of_its_spellings() -> None:
    """`m` and `m:latest` are one name there too, where another Ollama lists it."""
    lan = provider("lan", "ollama", "http://192.168.1.30:11434")
    settings = household(providers={"ollama": ollama(), "lan": lan})
    inventory = Inventory({"lan": Listing(reachable=True, models=(ModelInfo("Llava:latest"),))})

    assert names("llava", settings, inventory) == ["lan/Llava:latest"]
    assert names("Llava:latest", settings, inventory) == ["lan/Llava:latest"]


def test_an_installed_model_may_begin_with_a_providers_name_and_a_colon() -> None:
    """`mistral:7b` is the installed model although a provider is called mistral."""
    settings = household(
        providers={"ollama": ollama(), "mistral": provider("mistral", "openai_chat", "https://a.example/v1")}
    )
    inventory = Inventory({"ollama": Listing(reachable=True, models=(ModelInfo("mistral:7b"),))})

    assert names("mistral:7b", settings, inventory) == ["ollama/mistral:7b"]


def test_local_and_cloud_before_a_name_pick_the_place() -> None:
    """`local/fast` leaves the targets on this machine, `cloud/fast` those in the cloud, and neither falls back."""
    catalog = Catalog(household(), INVENTORY)

    local, cloud = catalog.resolve("local/fast", "chat"), catalog.resolve("cloud/fast", "chat")

    assert [target.name for target in local.targets] == ["ollama/qwen3:8b"]
    assert [target.name for target in cloud.targets] == ["openrouter/qwen/qwen3-8b"]
    assert local.fallback == cloud.fallback == ()
    assert names("local/ollama/qwen3:8b") == ["ollama/qwen3:8b"]


def test_local_never_means_a_model_that_ollama_forwards() -> None:
    """T31: a remote model at the local Ollama is in the cloud, so `local/` does not find it."""
    found = Catalog(household(), INVENTORY).resolve("local/innocent", "chat")

    assert found.kind == "missing"
    assert found.fallback == ()


@pytest.mark.parametrize(
    "name", ["nomic-embed-text", "nomic-embed-text:latest", "NOMIC-Embed-Text", "ollama/Nomic-embed-text"]
)
def test_ollama_names_have_many_spellings(name: str) -> None:
    """With or without `:latest`, in any case: one model."""
    assert names(name) == ["ollama/nomic-embed-text:latest"]


def test_other_servers_spell_exactly() -> None:
    """A server that speaks OpenAI's dialect may have two models that differ by a capital."""
    settings = household(
        providers={"lm": provider("lm", "openai_chat", "http://127.0.0.1:1234/v1")}, fallback=Fallback()
    )
    inventory = Inventory({"lm": Listing(reachable=True, models=(ModelInfo("Qwen3"),))})

    assert names("Qwen3", settings, inventory) == ["lm/Qwen3"]
    assert names("qwen3", settings, inventory) == []


def test_the_users_globs_come_after_what_is_installed() -> None:
    """An installed model that fits a glob is still itself; other names go where the first glob says."""
    globs = {"qwen*": Alias(use=("box/qwen3-8b",)), "q*": Alias(use=("openrouter/qwen/qwen3-8b",))}
    settings = household(models=globs)

    assert names("qwen3:8b", settings) == ["ollama/qwen3:8b"]
    assert names("QWEN-max", settings) == ["box/qwen3-8b"]
    assert names("quill", settings) == ["openrouter/qwen/qwen3-8b"]


def test_a_listed_model_is_found_at_its_provider() -> None:
    """A name with a slash that no provider has is looked for in the lists."""
    found = Catalog(household(), INVENTORY).resolve("openai/gpt-4o-mini", "chat")

    assert found.kind == "listed"
    assert [target.name for target in found.targets] == ["openrouter/openai/gpt-4o-mini"]


@pytest.mark.parametrize(
    "name",
    ["gpt-4o", "gpt-4o-mini-2024", "claude-3-5-haiku-latest", "claude-opus-4", "gemini-2.5-pro", "codestral-latest"],
)
def test_names_that_clients_hard_code_mean_the_default_model(name: str) -> None:
    """Where nothing else has that name."""
    assert names(name, household(default_model="fast")) == list(FAST.use)


def test_what_stands_in_for_a_hard_coded_name_says_so() -> None:
    """Last of all steps, told in the reason of an answer and in the log; a name of the user's own wins (pain 27)."""
    settings = household(default_model="fast")
    owned = household(default_model="fast", models={"fast": FAST, "gpt-4*": FAST})

    made = planned(a_call("gpt-4o"), settings)

    assert made.resolution.stands_for == "gpt-*"
    assert [one.reason for one in made.candidates][:1] == ["hard-coded"]
    assert explain(made).stands_for == "gpt-*"
    assert any("hard-code" in step for step in explain(made).steps)
    assert not planned(a_call("gpt-4o"), owned).resolution.stands_for
    assert not planned(a_call("fast"), settings).resolution.stands_for


def test_a_hard_coded_embedding_model_means_the_one_for_embeddings() -> None:
    """The kind of request decides which default is meant."""
    assert names("text-embedding-3-small", task="embeddings") == ["ollama/nomic-embed-text:latest"]


def test_a_missing_model_falls_back_and_names_its_neighbours() -> None:
    """Nothing found: the fallback targets, and the nearest names for the error."""
    found = Catalog(household(), INVENTORY).resolve("qwen3:9b", "chat")

    assert found.kind == "missing"
    assert [target.name for target in found.fallback] == ["openrouter/qwen/qwen3-8b"]
    assert found.near[0] == "qwen3:8b"


def test_fallback_by_model_takes_the_place_of_the_general_list() -> None:
    """`by_model` may name other targets, or none at all; the name's spelling does not matter."""
    fallback = Fallback(cloud=("openrouter/a",), by_model={"qwen3:8b": ("openrouter/b",), "llava": ()})
    catalog = Catalog(household(fallback=fallback), INVENTORY)

    assert [one.name for one in catalog.resolve("ollama/qwen3:8b", "chat").fallback] == ["openrouter/b"]
    assert catalog.resolve("llava:latest", "chat").fallback == ()
    assert [one.name for one in catalog.resolve("nomic-embed-text", "chat").fallback] == ["openrouter/a"]


def test_an_alias_and_a_cloud_model_have_no_fallback() -> None:
    """An alias lists what it wants; fallback is for local models asked for by their own names."""
    catalog = Catalog(household(), INVENTORY)

    assert catalog.resolve("fast", "chat").fallback == ()
    assert catalog.resolve("openrouter/x", "chat").fallback == ()


def test_aliases_that_lead_in_a_circle_end() -> None:
    """Two aliases that name each other mean nothing, and nothing hangs."""
    settings = household(models={"a": Alias(use=("b",)), "b": Alias(use=("a",))}, fallback=Fallback())

    found = Catalog(settings, INVENTORY).resolve("a", "chat")

    assert found.kind == "missing"


def test_an_ollama_that_has_not_answered_is_asked() -> None:
    """While its list is unknown, a name that could be its model is tried there instead of refused."""
    found = Catalog(household(), Inventory({"ollama": DOWN})).resolve("qwen3:8b", "chat")

    assert found.kind == "unlisted"
    assert [target.name for target in found.targets] == ["ollama/qwen3:8b"]
    assert found.fallback


def test_a_model_that_may_be_fetched_is_named() -> None:
    """With `pull = "background"` a missing model that has somewhere else to go is fetched meanwhile."""
    settings = household(providers={"ollama": ollama(pull="background"), "openrouter": openrouter()})
    catalog = Catalog(settings, INVENTORY)

    assert [one.name for one in catalog.resolve("qwen3:14b", "chat").pulls] == ["ollama/qwen3:14b"]
    assert [one.name for one in catalog.resolve("ollama/qwen3:14b", "chat").pulls] == ["ollama/qwen3:14b"]
    assert catalog.resolve("no such name!", "chat").pulls == ()
    assert catalog.resolve("qwen3:8b", "chat").pulls == ()


def test_the_steps_tell_how_a_name_was_understood() -> None:
    """`hearth explain` shows each step that failed and the one that decided."""
    found = Catalog(household(default_model="fast"), INVENTORY).resolve("gpt-4o", "chat")

    assert found.steps[0] == 'no alias is called "gpt-4o"'
    assert found.how.startswith('"fast" is an alias')
    assert found.names == ("gpt-4o", "default", "fast")


def test_resolving_twice_gives_the_same_object() -> None:
    """The hot path is one lookup; what strangers make up does not fill the memory."""
    catalog = Catalog(household(), INVENTORY)

    first = catalog.resolve("qwen3:8b", "chat")
    again = catalog.resolve("qwen3:8b", "chat")
    made_up = [catalog.resolve(f"made-up-{number}", "chat") for number in range(1100)]

    assert again is first
    assert catalog.resolve("made-up-0", "chat") is not made_up[0]


def test_a_name_that_is_no_name_is_shown_harmlessly() -> None:
    """T26: control characters and floods of text do not reach logs or terminals."""
    found = Catalog(household(), INVENTORY).resolve("\x1b[2J\r\n" + "x" * 10_000, "chat")

    assert found.kind == "missing"
    assert all(step.isprintable() and len(step) < 200 for step in found.steps)


def test_names_lists_what_a_client_may_ask_for() -> None:
    """Aliases without globs, models at home by their own names, and all in full."""
    settings = household(models={"fast": FAST, "claude-*": FAST})

    listed = list(Catalog(settings, Inventory({"ollama": HOME})).names())

    assert listed[0] == "fast"
    assert "claude-*" not in listed
    assert "qwen3:8b" in listed
    assert "ollama/qwen3:8b" in listed
