"""A small household for routing tests: an Ollama at home, a box on the network, a provider in the cloud."""

from typing import Any

from hearth.call import App, Call, Mode, Outline, Task
from hearth.chat import Need, Operation
from hearth.dialects.dialect import ModelInfo
from hearth.routing.catalog import Catalog
from hearth.routing.inventory import Inventory, Listing
from hearth.routing.plan import Plan, plan
from hearth.routing.world import World
from hearth_config.addresses import parse_address
from hearth_config.settings import Alias, Fallback, Provider, Settings

CHAT = ("completion", "tools", "thinking")
QWEN = ModelInfo("qwen3:8b", size=5_000_000_000, window=40960, loaded_window=16384, capabilities=CHAT)
CODER = ModelInfo("qwen2.5-coder:1.5b", size=1_000_000_000, window=32768, capabilities=("completion", "insert"))
EMBED = ModelInfo("nomic-embed-text:latest", window=2048, capabilities=("embedding",))
LLAVA = ModelInfo("Llava:latest", window=4096, capabilities=("completion", "vision"))
STUB = ModelInfo("innocent:latest", remote_host="https://ollama.com:443", capabilities=("completion",))
INSTALLED = (CODER, QWEN, EMBED, LLAVA, STUB)
HOME = Listing(reachable=True, models=INSTALLED)
DOWN = Listing(reachable=False, error="refused")
CLOUD = Listing(reachable=True, models=(ModelInfo("qwen/qwen3-8b"), ModelInfo("openai/gpt-4o-mini")))
BOX = Listing(reachable=True, models=(ModelInfo("qwen3-8b", window=32768),))
INVENTORY = Inventory({"ollama": HOME, "box": BOX, "openrouter": CLOUD})


def provider(name: str, dialect: str, address: str, **more: Any) -> Provider:  # noqa: ANN401 - any setting
    """Return a provider as the config loader would."""
    return Provider(name=name, dialect=dialect, address=parse_address(address), **more)


def ollama(**more: Any) -> Provider:  # noqa: ANN401 - any setting
    """Return this machine's Ollama."""
    return provider("ollama", "ollama", "http://127.0.0.1:11434", **more)


def box(**more: Any) -> Provider:  # noqa: ANN401 - any setting
    """Return a server on the user's own network."""
    return provider("box", "openai_chat", "http://192.168.1.20:8000/v1", **more)


def openrouter(**more: Any) -> Provider:  # noqa: ANN401 - any setting
    """Return a provider in the cloud."""
    return provider("openrouter", "openai_chat", "https://openrouter.ai/api/v1", **more)


FAST = Alias(use=("openrouter/qwen/qwen3-8b", "box/qwen3-8b", "ollama/qwen3:8b"))


def household(**more: Any) -> Settings:  # noqa: ANN401 - any setting
    """Return settings with three providers, the alias `fast`, and a fallback into the cloud; `more` replaces parts."""
    parts: dict[str, Any] = {
        "providers": {one.name: one for one in (ollama(), box(), openrouter())},
        "models": {"fast": FAST},
        "fallback": Fallback(cloud=("openrouter/qwen/qwen3-8b",)),
    }
    return Settings(**{**parts, **more})


def a_call(
    model: str = "qwen3:8b",
    *,
    mode: Mode = "any",
    task: Task = "chat",
    operation: Operation = "chat",
    needs: frozenset[Need] = frozenset(),
    app: str = "",
    **outline: Any,  # noqa: ANN401 - any part of the outline
) -> Call:
    """Return a call for that model; `mode` "any" leaves the limit to settings and world."""
    read = Outline("chat", operation, model, stream=True, needs=needs, **{"prompt_bytes": 400, **outline})
    return Call("id", "openai_chat", read, {}, task, mode, App(app), 0, 0.0)


def planned(
    call: Call,
    settings: Settings | None = None,
    world: World | None = None,
    inventory: Inventory = INVENTORY,
) -> Plan:
    """Resolve and plan in one go."""
    known = settings or household()
    catalog = Catalog(known, inventory)
    resolution = catalog.resolve(call.outline.model, call.task)
    return plan(call, resolution, world or World(), known, catalog.targets.values())


def tried(made: Plan) -> list[str]:
    """Return the names of a plan's candidates in order."""
    return [one.target.name for one in made.candidates]


def reasons(made: Plan) -> list[str]:
    """Return the reason codes of a plan's candidates in order."""
    return [one.reason for one in made.candidates]
