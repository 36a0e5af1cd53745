"""What a name means while its provider has not said what it has."""

import pytest

from hearth.dialects.dialect import ModelInfo
from hearth.routing.catalog import Catalog
from hearth.routing.inventory import Inventory, Listing
from hearth_config.settings import ModelSettings
from routing.routing_examples import box, household, ollama, provider


@pytest.mark.parametrize("pinned", [{}, {"llava": ModelSettings(num_ctx=2048)}])
def test_a_model_has_one_name_before_its_ollama_has_said_what_it_has(pinned: dict[str, ModelSettings]) -> None:
    """`m` and `m:latest` are the same target from the first call, and stay it once the list is known."""
    settings = household(providers={"ollama": ollama(models=pinned)})
    unknown, known = Inventory(), Inventory({"ollama": Listing(reachable=True, models=(ModelInfo("llava:latest"),))})

    for spelling in ("llava", "llava:latest", "ollama/llava", "ollama/llava:latest"):
        for inventory in (unknown, known):
            target = Catalog(settings, inventory).resolve(spelling, "chat").targets[0]
            assert target.name == "ollama/llava:latest"
            assert target.settings == pinned.get("llava", ModelSettings())
            assert target.listed is (bool(pinned) or inventory is known)


def test_models_elsewhere_get_no_tag() -> None:
    """Only Ollama takes a name without a tag for `:latest`, and its cloud lists names that have none."""
    far = provider("far", "ollama", "https://ollama.com")
    settings = household(providers={"box": box(), "far": far})

    assert Catalog(settings, Inventory()).resolve("far/glm-4.6", "chat").targets[0].name == "far/glm-4.6"
    assert Catalog(settings, Inventory()).resolve("box/some-model", "chat").targets[0].name == "box/some-model"
