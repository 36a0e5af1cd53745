"""Routes whose bodies Hearth does not read pass to the provider they name: sound, pictures, ranking, files, batches.

They go to providers whose routes they are (OpenAI's and those like it, Cohere) alone, under the same mode, keys and
limits as any call, and each is written down, without tokens and at an unknown cost. Who is meant says the model
("provider/model", in JSON, or in a form among the fields before its first file), or else the header X-Hearth-Provider.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from time import monotonic_ns, time
from typing import TYPE_CHECKING

from hearth.call import Call, Outline
from hearth.outbound.keys.book import NONE
from hearth.outbound.keys.hiding import hide_key
from hearth.outbound.keys.turns import OF_A_KEY
from hearth.outbound.limits import Limits
from hearth.outbound.loading import no_key
from hearth.problems import BadRequest, NotFound, Problem, ProviderProblem, UnknownModel, Unsupported
from hearth.routing.search import UNNAMED
from hearth.server import web
from hearth.server.app_limits import refusal
from hearth.server.direct import safe
from hearth.server.intake import call_mode, new_id, take_wishes
from hearth.server.listings import GOOGLE_HEADERS
from hearth.server.live import LiveCall
from hearth.server.owned import Owned
from hearth.server.passage import Passage
from hearth.server.routes import Route, Table, Visit, served_by
from hearth.server.uploads import Upload, take_up

if TYPE_CHECKING:
    from hearth.chat import Need
    from hearth.outbound.keys.credentials import Credential
    from hearth.outbound.pool import Reply
    from hearth.routing.plan import Plan
    from hearth.routing.targets import Target
    from hearth.server.core import Core
    from hearth.server.uploads import Body

HEADER = "X-Hearth-Provider"
OPENAI = ("openai_chat", "openai_responses")
"""The dialects of providers that have OpenAI's other routes too, where they have them at all."""
COHERE = ("cohere",)
_RANKING = "v1/rerank"
"""Cohere's first version of it is what all others have."""
QUIET_S = 600.0
"""How long a provider may be silent: transcribing an hour takes its time."""
ERROR_LIMIT = 64 * 1024
_WORD = re.compile(r"[a-z_]+", re.ASCII)
_KEPT = ("Content-Type", "Accept", "OpenAI-Beta", "Idempotency-Key")
_SHOWN = ("Content-Type", "Content-Length", "Content-Disposition", "Retry-After", "X-Request-Id")


async def pass_on(visit: Visit) -> web.StreamResponse:
    """Answer a request of a route that is handed on as it is."""
    path = visit.request.rel_url.raw_path.strip("/")
    if any(part == ".." for part in visit.request.rel_url.path.split("/")):
        raise NotFound("No such route.")
    if dialect := _whose_own(visit):
        inside = "Send them inside the message, as data."
        return _rendered(visit, NotFound("Files of this provider are not handed on.", next_step=inside), dialect)
    return await pass_to(visit, path, (*OPENAI, *COHERE) if path == _RANKING else OPENAI)


def _whose_own(visit: Visit) -> str:
    """Return the dialect of clients that have other files at this path than OpenAI's; "" for everybody else."""
    headers = visit.request.headers
    if not visit.request.path.startswith("/v1/files") or HEADER in headers:
        return ""
    google = any(name in headers for name in GOOGLE_HEADERS)
    return "anthropic" if "anthropic-version" in headers else "gemini" if google else ""


def _rendered(visit: Visit, problem: Problem, dialect: str, route: str = "") -> web.Response:
    rendered = served_by(dialect).problem(problem, route=route)
    return web.Response(status=rendered.status, body=rendered.body, headers={**dict(rendered.headers), **visit.cors})


async def to_cohere(visit: Visit) -> web.StreamResponse:
    """Answer the routes of Cohere that are neither chat nor embeddings."""
    return await pass_to(visit, visit.request.rel_url.raw_path.strip("/"), COHERE)


async def tokenize(visit: Visit) -> web.StreamResponse:
    """Answer llama.cpp's `/tokenize` and `/detokenize` (recordings llama-tokenize, llama-detokenize).

    Raises what is wrong as a problem, save that it is rendered in llama.cpp's form.
    """
    path = visit.request.rel_url.raw_path.rstrip("/")
    try:
        return await pass_to(visit, path, OPENAI, need="tokenize")
    except Problem as problem:
        return _rendered(visit, problem, "openai_chat", "infill")


async def pass_to(
    visit: Visit, path: str, speaks: Sequence[str], need: Need | None = None, whose: str = ""
) -> web.StreamResponse:
    """Find out who is meant, unless `whose` says it, plan it, and hand it on. Raises the problem it ended in."""
    core = visit.core
    upload = await take_up(visit.request, core.generation.settings.listen.body_limit)
    call = _call(visit, upload, (_route(path), speaks), need, whose)
    made = core.plan(call)
    live = LiveCall(call, asyncio.current_task())
    passage = Passage(core, live, made)
    with passage:
        if (refused := refusal(core, live)) is not None:
            raise refused
        try:
            target = _target(made, by_default=need is not None)
        except Unsupported:
            if need is not None or not made.refused or made.refused[0].target.dialect in speaks:
                raise
            raise _without_route(core, path, speaks, made.refused[0].target.provider) from None
        return await _ask(visit, passage, target, path, upload)


def _route(path: str) -> str:
    """Return a path without the ids in it, which say nothing to a person: "files/content"."""
    first, *rest = path.removeprefix("v1/").strip("/").split("/")
    return "/".join((first, *(part for part in rest if _WORD.fullmatch(part))))


def _call(visit: Visit, upload: Upload, asked: tuple[str, Sequence[str]], need: Need | None, whose: str) -> Call:
    received_ns, core, (route, speaks) = monotonic_ns(), visit.core, asked
    wishes = take_wishes(upload.members, visit.request.headers)
    name = f"{whose}/{route}" if whose else _name(visit, upload, route, speaks) if need is None else upload.model
    targets = core.catalog.resolve(name, "chat").targets
    return Call(
        id=new_id(),
        dialect=targets[0].dialect if targets and targets[0].dialect in speaks else speaks[0],
        outline=Outline(
            route,
            "chat",
            name,
            stream=False,
            needs=frozenset((need,) if need is not None else ()),
            native=(visit.request.rel_url.raw_path,),
            unread="DELETE" if route.endswith("/cancel") else visit.request.method,  # it ends what costs
            wishes=wishes,
        ),
        members={},
        task="chat",
        mode=call_mode(core, wishes, visit.principal, visit.app),
        app=visit.app,
        received_ns=received_ns,
        wall=time(),
    )


def _name(visit: Visit, upload: Upload, route: str, speaks: Sequence[str]) -> str:
    """Return the full name of who is meant; a request without a model stands for its route. Raises `BadRequest`."""
    provider = visit.request.headers.get(HEADER, "").strip()
    if not provider:
        if upload.model:
            return _at_the_only_one(visit.core, upload.model, speaks)
        raise BadRequest(
            "Nobody knows which provider is meant.",
            next_step=f'Name it in the model ("provider/model"; in a form before the first file), or in {HEADER}.',
            param="model",
        )
    if provider not in visit.core.generation.providers:
        known = ", ".join(sorted(visit.core.generation.providers))
        raise BadRequest(f"{HEADER}: no provider is called {provider[:40]!r}.", next_step=f"There are: {known}.")
    return f"{provider}/{upload.model.removeprefix(f'{provider}/') or route}"


def _at_the_only_one(core: Core, model: str, speaks: Sequence[str]) -> str:
    """Return a model of Cohere's that no list has (it ranks, and nothing else) with its provider, if there is one."""
    known = [name for name, runtime in core.generation.providers.items() if runtime.settings.dialect in speaks]
    if tuple(speaks) != COHERE or len(known) != 1 or core.catalog.resolve(model, "chat").kind != "missing":
        return model
    return f"{known[0]}/{model}"


def _without_route(core: Core, path: str, speaks: Sequence[str], provider: str) -> Unsupported:
    """Return what is wrong when a provider of another kind is meant: it is about a route, whatever the model."""
    able = [name for name, runtime in core.generation.providers.items() if runtime.settings.dialect in speaks]
    whose = "Cohere's" if tuple(speaks) == COHERE else "OpenAI's"
    step = f"Of your providers these speak {whose} dialect: {', '.join(able)}." if able else f"Add one of {whose} kind."
    return Unsupported(f"{provider} speaks another dialect, which has no /{path.strip('/')}.", next_step=step)


def _target(made: Plan, *, by_default: bool) -> Target:
    """Return who is asked.

    Neither the default model nor a fallback stands in where somebody was meant: such a request is for one provider.
    Raises the plan's problem, or `UnknownModel`.
    """
    resolution = made.resolution
    if not by_default and (resolution.kind == "missing" or not UNNAMED.isdisjoint(resolution.names)):
        raise UnknownModel(
            f"No provider lists the model {resolution.asked[:80]!r}.",
            next_step=f'Write "provider/model", or name the provider in {HEADER}.',
            param="model",
            code="model_not_found",
        )
    if made.problem is not None:
        raise made.problem
    meant = {target.name for target in resolution.targets}
    found = next((one.target for one in made.candidates if one.target.name in meant), None)
    if found is None:
        raise Unsupported("Nobody who was meant can be asked.", next_step="`hearth explain` shows why.")
    return found


async def _ask(visit: Visit, passage: Passage, target: Target, path: str, upload: Upload) -> web.StreamResponse:
    """Ask with one key after the other, as long as it is the key that is at fault and the body can be sent again."""
    core, tried, failed = visit.core, NONE, None
    runtime = core.target(target.provider)
    path = path if target.dialect in COHERE else path.removeprefix("v1/")  # which the addresses of others end in
    owned = Owned(core.keys, runtime.settings, path, upload.members)
    body, length = upload.named(target.model)
    while (credential := await core.keys.choose(runtime, tried, 0.0, target.model, owned.first_key)) is not None:
        passage.begin(target, credential.id, str(runtime.settings.address))
        try:
            return await _ask_with(visit, passage, (target, credential, owned), path, (body, length))
        except ProviderProblem as problem:
            elsewhere = owned.is_elsewhere(problem, credential.id)
            if passage.committed or not (elsewhere or problem.cause in OF_A_KEY) or not isinstance(body, bytes):
                raise
            passage.failed(problem)
            tried |= {credential.id}
            failed = problem if failed is None or not elsewhere else failed
    raise owned.out_of_reach(tried) or failed or no_key(target.provider)


async def _ask_with(
    visit: Visit, passage: Passage, asked: tuple[Target, Credential, Owned], path: str, sent: tuple[Body, int | None]
) -> web.StreamResponse:
    core, request = visit.core, visit.request
    target, credential, owned = asked
    runtime, (body, length) = core.target(target.provider), sent
    query = request.rel_url.raw_query_string
    headers = tuple((name, safe(request.headers[name])) for name in _KEPT if name in request.headers)
    try:
        reply = await core.pool.send(
            runtime.origin,
            request.method,
            runtime.settings.address.path(path) + (f"?{query}" if query else ""),
            runtime.fresh_lines(credential, headers),
            body,
            limits=Limits(connect=runtime.settings.timeouts.connect, first=QUIET_S, idle=QUIET_S),
            permit=runtime.permit(passage.call.mode),
            length=length,
        )
    except BaseException:
        core.keys.observe(target.provider, credential.id, None, lease=credential.lease)
        raise
    with reply:
        passage.answered(reply)
        core.keys.observe(target.provider, credential.id, reply.head, None, credential.lease, target.model)
        if reply.head.status >= 300:
            said = runtime.called.problem(reply.head, await reply.read_all(ERROR_LIMIT), target.provider)
            problem = owned.meant(said)
            hide_key(problem, credential)
            core.keys.rest(target.provider, credential.id, problem, target.model)
            raise problem
        core.keys.accepted(target.provider, credential.id, target.model)
        response = await _relay(visit, passage, reply, owned)
        owned.answered(credential.id)
        return response


async def _relay(visit: Visit, passage: Passage, reply: Reply, owned: Owned) -> web.StreamResponse:
    """Send a reply on as it comes. One that is cut is cut for the client too, since no form for that is known."""
    head = reply.head
    headers = {name: safe(head.get(name)) for name in _SHOWN if head.get(name)}
    response = web.StreamResponse(status=head.status, headers={**headers, **passage.facts(), **visit.cors})
    await response.prepare(visit.request)
    passage.committed = True
    while piece := await reply.read_chunk():
        passage.bytes_in += len(piece)
        owned.hear(piece)
        await response.write(piece)
    await response.write_eof()
    return response


_ANY = {method: Route("infer", "openai_chat", handler=pass_on) for method in ("GET", "POST", "DELETE")}
_POST = {"POST": Route("infer", "openai_chat", handler=pass_on)}
TABLE: Table = {
    "/v1/audio/…": _POST,
    "/v1/images/…": _POST,
    "/v1/rerank": _POST,
    "/v1/moderations": _POST,
    "/v1/batches": _ANY,
    "/v1/batches/…": _ANY,
    "/v1/files": _ANY,
    "/v1/files/…": _ANY,
    "/v2/rerank": {"POST": Route("infer", "cohere", handler=to_cohere)},
    "/v1/tokenize": {"POST": Route("infer", "cohere", handler=to_cohere)},
    "/v1/detokenize": {"POST": Route("infer", "cohere", handler=to_cohere)},
    "/tokenize": {"POST": Route("infer", "openai_chat", handler=tokenize)},
    "/detokenize": {"POST": Route("infer", "openai_chat", handler=tokenize)},
}
