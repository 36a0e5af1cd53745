"""What a request means that names no model."""

import pytest

from hearth.call import Task
from hearth.dialects.dialect import ModelInfo
from hearth.routing.catalog import Catalog
from hearth.routing.inventory import Inventory, Listing
from hearth_config.settings import Fallback, Settings, Tasks
from routing.routing_examples import CODER, EMBED, INVENTORY, LLAVA, QWEN, household, ollama, openrouter


def meant(
    settings: Settings | None = None, task: Task = "chat", override: str | None = None, inventory: Inventory = INVENTORY
) -> list[str]:
    found = Catalog(settings or household(), inventory, override).resolve("", task)
    return [target.name for target in found.targets]


@pytest.mark.parametrize("name", ["", "default", "default:latest"])
def test_no_name_and_default_are_one(name: str) -> None:
    """Both leave the choice to the config."""
    found = Catalog(household(default_model="qwen3:8b"), INVENTORY).resolve(name, "chat")

    assert [target.name for target in found.targets] == ["ollama/qwen3:8b"]


def test_tasks_go_before_the_default_model() -> None:
    """[tasks] says it for each kind of request."""
    settings = household(
        default_model="fast",
        tasks=Tasks(autocomplete="qwen2.5-coder:1.5b", embeddings="nomic-embed-text", chat="llava"),
    )

    assert meant(settings, "autocomplete") == ["ollama/qwen2.5-coder:1.5b"]
    assert meant(settings, "embeddings") == ["ollama/nomic-embed-text:latest"]
    assert meant(settings) == ["ollama/Llava:latest"]


def test_what_hearth_use_chose_wins_for_chat() -> None:
    """The switch replaces the default model and [tasks] chat, but not the models for other kinds."""
    settings = household(default_model="fast", tasks=Tasks(autocomplete="qwen2.5-coder:1.5b", chat="fast"))

    assert meant(settings, override="llava") == ["ollama/Llava:latest"]
    assert meant(settings, "autocomplete", override="llava") == ["ollama/qwen2.5-coder:1.5b"]


def test_a_chosen_model_that_is_gone_gives_way() -> None:
    """A switch or a setting that names nothing any more is passed over."""
    settings = household(default_model="qwen3:8b")

    assert meant(settings, override="deleted:1b") == ["ollama/qwen3:8b"]


def test_without_any_setting_a_loaded_chat_model_is_meant() -> None:
    """The first one loaded, not the first one installed, never an embedding model or one that Ollama forwards."""
    found = Catalog(household(), INVENTORY).resolve("", "chat")

    assert [target.name for target in found.targets] == ["ollama/qwen3:8b"]
    assert any("default_model is not set: ollama/qwen3:8b is the first model loaded" in step for step in found.steps)


def test_without_any_loaded_model_the_first_installed_is_meant() -> None:
    """Embedding models are known by what they say, or by their names where nothing is said."""
    silent = ModelInfo("mxbai-embed-large:latest")
    inventory = Inventory({"ollama": Listing(reachable=True, models=(silent, EMBED, LLAVA, CODER))})

    assert meant(inventory=inventory) == ["ollama/Llava:latest"]
    assert meant(task="embeddings", inventory=inventory) == ["ollama/mxbai-embed-large:latest"]
    assert meant(task="autocomplete", inventory=inventory) == ["ollama/qwen2.5-coder:1.5b"]


def test_without_a_local_model_a_providers_default_is_meant() -> None:
    """The providers' own default_model and embedding_model come last."""
    settings = household(
        providers={"ollama": ollama(), "openrouter": openrouter(default_model="a/b", embedding_model="c/d")}
    )
    inventory = Inventory({"ollama": Listing(reachable=True)})

    assert meant(settings, inventory=inventory) == ["openrouter/a/b"]
    assert meant(settings, "embeddings", inventory=inventory) == ["openrouter/c/d"]


def test_with_nothing_at_all_there_is_nothing() -> None:
    """No setting, no model: the resolution says so."""
    found = Catalog(household(fallback=Fallback()), Inventory({"ollama": Listing(reachable=True)})).resolve("", "chat")

    assert found.kind == "missing"
    assert found.how == "no default model is known"


def test_the_place_may_be_asked_for_without_a_name() -> None:
    """`local/default` is the default model as far as it is on this machine."""
    settings = household(default_model="fast")

    found = Catalog(settings, Inventory({"ollama": Listing(reachable=True, models=(QWEN,))})).resolve(
        "local/default", "chat"
    )

    assert [target.name for target in found.targets] == ["ollama/qwen3:8b"]
