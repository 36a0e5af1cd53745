"""The lists of models that clients ask for: `/api/tags ps show version`, `/v1/models`.

Each states the window really served (pain 25).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from msgspec import structs

from hearth.dialects.body import cut, value
from hearth.dialects.ollama import models as ollama_models
from hearth.dialects.ollama import probes, show
from hearth.dialects.ollama.fields import folded
from hearth.outbound.loading import ask_engine
from hearth.problems import BadRequest, UnknownModel
from hearth.routing.modes import REACH
from hearth.routing.near import names_like
from hearth.routing.targets import same_name
from hearth.server import web
from hearth.server.intake import read_body
from hearth.server.routes import Route, Table, Visit
from hearth.server.second_look import fresh, look

if TYPE_CHECKING:
    from hearth.dialects.dialect import ModelInfo
    from hearth.routing.targets import Target
    from hearth.server.core import Core

VERSION = "0.32.15"
"""What we call ourselves where no Ollama says its own.

The release whose recordings we follow; editors want 0.6.4 or newer.
"""
COPILOT = "GitHubCopilotChat/"
"""It shows its user `general.basename`, where Ollama therefore puts the name asked for (wire/ollama §3.3)."""
COHERE = "X-Fern-SDK-Name"
"""Where Cohere's clients say that they are such (cohere 7.3)."""
MISTRAL = "mistral-client-"
"""Its clients refuse a list whose entries do not say what they can do (mistralai 3.7)."""
PROBE_S = 5.0
_JSON = {"Content-Type": "application/json; charset=utf-8"}


async def tags(visit: Visit) -> web.StreamResponse:
    """`GET /api/tags`: aliases, models here, and cloud models the config names. An engine's own are news."""
    await look(visit.core)
    named = [_shown(visit.core, name) for name in offered(visit.core, listed_too=False)]
    return _json(visit, ollama_models.write_tags([_as_ollama(info) for info in named if info is not None]))


async def loaded(visit: Visit) -> web.StreamResponse:
    """`GET /api/ps`: what is loaded here now."""
    await fresh(visit.core)
    infos = [
        target.info for target in visit.core.catalog.targets.values() if target.loaded and target.place == "machine"
    ]
    return _json(visit, ollama_models.write_ps(infos))


async def version(visit: Visit) -> web.StreamResponse:
    """`GET /api/version`: the Ollama's behind us, plain x.y.z."""
    listings = (visit.core.inventory.inventory.of(name) for name in visit.core.generation.providers)
    known = next((listing.version for listing in listings if listing.version), VERSION)
    return _json(visit, ollama_models.write_version(known))


async def describe(visit: Visit) -> web.StreamResponse:
    """`POST /api/show`: the window that calls really get, and the owner's own words where one Ollama owns the model."""
    members = folded(cut(await read_body(visit.request, visit.core.generation.settings.listen.body_limit)))
    name = value(members, "model", str) or value(members, "name", str) or ""
    if not name:
        raise BadRequest("model is required")
    visit.core.inventory.wanted()
    if visit.core.catalog.resolve(name, "chat").kind == "missing":
        await look(visit.core)
    info, target = _found(visit.core, name)
    recorded = b""
    if target.dialect == "ollama" and not target.remote:
        recorded = await _ask_owner(visit.core, target)
    copilot = visit.request.headers.get("User-Agent", "").startswith(COPILOT)
    return _json(visit, show.write_show(_as_ollama(info), recorded, name if copilot else ""))


async def _ask_owner(core: Core, target: Target) -> bytes:
    runtime = core.target(target.provider)
    request = probes.show(runtime.describe(target))
    _, body = await ask_engine(runtime, request, core.pool, core.keys, first_s=PROBE_S)
    return body


async def models(visit: Visit) -> web.StreamResponse:
    """`GET /v1/models`: everything that may be asked for now."""
    await visit.core.inventory.everywhere()
    named = [_shown(visit.core, name) for name in offered(visit.core, listed_too=True)]
    infos = [info for info in named if info is not None]
    return _json(visit, _form(visit).write_models(infos))


async def model(visit: Visit) -> web.StreamResponse:
    """`GET /v1/models/ID`; ids may hold `/` and `:`."""
    visit.core.inventory.wanted()
    form = _form(visit)
    try:
        info, _ = _found(visit.core, visit.rest)
    except UnknownModel as problem:
        rendered = form.SERVED.problem(problem)
        return web.Response(
            status=rendered.status, body=rendered.body, headers=dict(rendered.headers) | dict(visit.cors)
        )
    return _json(visit, form.write_model(info))


def _form(visit: Visit) -> Any:  # noqa: ANN401 -- a dialect's package, imported when the first of its clients asks
    """Return the dialect in whose form models are listed: several APIs do so at `/v1/models` (google-genai 3)."""
    headers = visit.request.headers
    if visit.request.path.startswith("/v1beta/") or any(name in headers for name in GOOGLE_HEADERS):
        return import_module("hearth.dialects.gemini")
    if "anthropic-version" in headers:
        return import_module("hearth.dialects.anthropic")
    if headers.get(COHERE, "").startswith("cohere"):
        return import_module("hearth.dialects.cohere")
    if headers.get("User-Agent", "").startswith(MISTRAL):
        return import_module("hearth.dialects.openai_chat.mistral_models")
    return import_module("hearth.dialects.openai_chat")


GOOGLE_HEADERS = ("x-goog-api-client", "x-goog-api-key")


def offered(core: Core, *, listed_too: bool) -> list[str]:
    """Return the names a client may ask for, best first; what a provider merely lists comes with `listed_too`."""
    catalog = core.catalog
    names = list(dict.fromkeys(catalog.names()))
    if listed_too:
        return names
    targets = catalog.targets
    mentioned = {name for alias in core.generation.settings.models.values() for name in alias.use}
    return [name for name in names if name not in targets or (name in mentioned and targets[name].place != "machine")]


def _shown(core: Core, name: str) -> ModelInfo | None:
    """Return a model as a client sees it under this name; None when the mode lets nobody answer to it."""
    try:
        return _found(core, name)[0]
    except UnknownModel:
        return None


def _found(core: Core, name: str) -> tuple[ModelInfo, Target]:
    resolution = core.catalog.resolve(name, "chat")
    if resolution.problem is not None:
        raise resolution.problem
    usable = (target for target in (*resolution.targets, *resolution.fallback) if _allowed(core, target))
    target = next(usable, None)
    if target is None or resolution.kind in ("missing", "unlisted"):
        silent = resolution.targets[0].provider if resolution.kind == "unlisted" else ""
        why = f"{silent} has not said what it has: see `hearth status`." if silent else names_like(resolution.near, "")
        raise UnknownModel(f"model '{name[:200]}' not found", next_step=why)
    info = structs.replace(
        target.info,
        name=_spelled(name, target),
        window=target.stated_window,
        loaded_window=None,
        capabilities=_abilities(target),
    )
    return info, target


def _allowed(core: Core, target: Target) -> bool:
    """Whether a call could go there at all.

    What the mode or `remote_models` forbids is not shown as if it were there.
    """
    if target.remote and not core.generation.settings.providers[target.provider].remote_models:
        return False
    return target.place in REACH[core.mode]


def _spelled(name: str, target: Target) -> str:
    """An installed model goes by the name its engine gives it, an alias by its own."""
    return target.model if same_name(name) == same_name(target.model) else name


def _abilities(target: Target) -> tuple[str, ...] | None:
    """What it can do through us, in Ollama's words and two of ours, that Ollama's own lists have not.

    Gaps that we write in its family's tokens are filled like any other.
    """
    known = target.capabilities
    if known is None:
        if target.dialect == "ollama" or "tools" in target.lacks:
            return None
        known = frozenset({"completion", "tools"})
    if target.filling.possible and "completion" in known:
        known |= {"insert"}
    schema = target.answers.get("json_schema")
    more = {"json_schema"} if schema is not None and schema.said == "yes" else set()
    files = {"files"} if target.dialect in _READ_FILES and "completion" in known else set()
    return tuple(sorted((known - _OURS) | more | files))


_OURS = frozenset({"json_schema", "files"})
_READ_FILES = frozenset({"anthropic", "gemini", "openai_responses"})
"""The dialects whose models all read PDFs; of the servers of `openai_chat` nobody says which do."""


def _as_ollama(info: ModelInfo) -> ModelInfo:
    """Return a model as Ollama's own lists have it."""
    known = info.capabilities
    if known is None or _OURS.isdisjoint(known):
        return info
    return structs.replace(info, capabilities=tuple(word for word in known if word not in _OURS))


def _json(visit: Visit, body: bytes) -> web.Response:
    return web.Response(body=body, headers=_JSON | dict(visit.cors))


TABLE: Table = {
    "/api/tags": {"GET": Route("infer", "ollama", handler=tags)},
    "/api/ps": {"GET": Route("infer", "ollama", handler=loaded)},
    "/api/version": {"GET": Route("public", "ollama", handler=version)},
    "/api/show": {"POST": Route("infer", "ollama", handler=describe)},
    "/v1/models": {"GET": Route("infer", "openai_chat", handler=models)},
    "/v1/models/…": {
        "GET": Route("infer", "openai_chat", handler=model),
        "POST": Route("infer", "gemini", "models"),
    },
    "/v1/tunedModels/…": {"POST": Route("infer", "gemini", "tunedModels")},
    "/v1beta/tunedModels/…": {"POST": Route("infer", "gemini", "tunedModels")},
    "/v1beta/models": {"GET": Route("infer", "gemini", handler=models)},
    "/v1beta/models/…": {"GET": Route("infer", "gemini", handler=model), "POST": Route("infer", "gemini", "models")},
}
