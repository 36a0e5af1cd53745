"""The defences that `bites.py` takes away in turn: where each stands, what takes its place, who should notice.

`old` stands in the file exactly once; a defence that has moved is moved here too (a test holds that).
"""

from __future__ import annotations

from typing import NamedTuple


class Defence(NamedTuple):
    """One defence: `rows` of docs/faults.md, the file, the text that holds it, the text without, the tests to run."""

    name: str
    rows: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


def _guard(name: str, rows: str, old: str, new: str, *tests: str) -> Defence:
    return Defence(name, rows, "daemon/hearth/server/guard.py", old, new, tuple(f"tests/{test}" for test in tests))


def _hearth(name: str, rows: str, file: str, old: str, new: str, *tests: str) -> Defence:
    return Defence(name, rows, f"daemon/hearth/{file}", old, new, tuple(f"tests/{test}" for test in tests))


def _config(name: str, rows: str, file: str, old: str, new: str, *tests: str) -> Defence:
    return Defence(name, rows, f"config/hearth_config/{file}", old, new, tuple(f"tests/{test}" for test in tests))


_DOOR = (
    _guard(
        "the Host header is one of ours", "T1, T3",
        "    raise WrongHost(\n", "    WrongHost(\n",
        "server/test_guard_hosts.py",
    ),
    _guard(
        "there is one Host header", "T1, T9",
        "    if len(given) != 1:", "    if not given:",
        "server/test_guard_hosts.py",
    ),
    _guard(
        "a page of another origin is refused", "T4, T5",
        "    if origin is not None and not allowed:", "    if origin is not None and False:",
        "server/test_guard_pages.py",
    ),
    _guard(
        "a request from another site is refused", "T4",
        '    if site is not None and site not in ("same-origin", "none") and not allowed:',
        "    if site is not None and False:",
        "server/test_guard_pages.py",
    ),
    _guard(
        "a browser sends JSON", "T4",
        '    if method in ("POST", "PUT", "PATCH", "DELETE") and not _is_json(headers.get("Content-Type")):',
        "    if False:",
        "server/test_guard_pages.py",
    ),
    _guard(
        "no page reads an answer unless it is listed", "T5",
        "    if origin is None or origin not in rules.origins:", "    if origin is None:",
        "server/test_guard_pages.py",
    ),
    _guard(
        "the Unix socket is its owner's", "T6",
        '    if door.kind == "unix" and peer.user != "ours":', "    if False:",
        "server/test_guard_tokens.py",
    ),
    _guard(
        "another user's process needs a token", "T6",
        '    if peer.user == "other":', "    if False:",
        "server/test_guard_tokens.py",
    ),
    _guard(
        "a door that is open to others asks for a token", "T2",
        '    if rules.trust == "token" or not _only_from_here(door):', '    if rules.trust == "token":',
        "server/test_guard_tokens.py",
    ),
    _guard(
        "a token is compared whole", "T6",
        "        if hmac.compare_digest(known.encode(), given):", "        if known.encode()[:8] == given[:8]:",
        "server/test_guard_tokens.py",
    ),
    _guard(
        "two different tokens are none", "T7",
        "    if len(shown) > 1:", "    if False:",
        "server/test_guard_tokens.py",
    ),
    _guard(
        "orders need more than a token for answers", "T22",
        "    if scope not in principal.scopes:", "    if False:",
        "server/test_guard_tokens.py",
    ),
    _hearth(
        "a page that is signed in is one of ours", "T5, T20",
        "server/ui/sessions.py",
        'or headers.get("Cookie") is None or not _from_our_page(headers):', 'or headers.get("Cookie") is None:',
        "ui/test_ui_sessions.py",
    ),
    _hearth(
        "a link to the dashboard opens it once", "T20",
        "server/ui/sessions.py",
        "self._links.pop(known) <= now", "self._links[known] <= now",
        "ui/test_ui_sessions.py", "ui/test_ui_door.py",
    ),
    _hearth(
        "the dashboard runs no script but its own", "T18",
        "server/ui/assets.py",
        "script-src 'self';", "script-src *;",
        "ui/test_ui_door.py",
    ),
    _hearth(
        "the socket is made for its owner alone", "T28",
        "server/sockets.py",
        "with _umask(0o177):", "with _umask(0):",
        "server/test_listeners.py",
    ),
    _hearth(
        "the socket's folder is its owner's alone", "T28",
        "server/sockets.py",
        "        folder.chmod(0o700)", "        pass",
        "server/test_listeners.py",
    ),
    _hearth(
        "of two daemons one wins", "T28, F40",
        "server/sockets.py",
        "    take(file)\n\n\ndef private_folder", "    file.tell()\n\n\ndef private_folder",
        "server/test_listeners.py", "server/test_starts.py",
    ),
)  # fmt: skip

_PRIVACY = (
    _hearth(
        "a sealed Hearth connects nothing", "T30, G1",
        "sealing/program.py",
        '"connect": 42, ', "",
        "sealing",
    ),
    _hearth(
        "the broker connects to loopback alone", "T30, G1",
        "sealing/broker.py",
        "        elif not is_allowed(asked, self.paths):", "        elif False:",
        "sealing",
    ),
    _hearth(
        "no plan goes where the mode forbids", "T31, T33",
        "routing/policies/privacy.py",
        "    if target.place not in REACH[mode_of(call, world, settings)]:", "    if False:",
        "routing/test_plan_privacy.py",
    ),
    _hearth(
        "nothing is dialled where the mode forbids", "T33",
        "outbound/connect.py",
        "    permit.allow(route.place, route.host, who)\n", "",
        "outbound/test_outbound_connect.py",
    ),
    _hearth(
        "the address that is dialled has the place that was planned", "T33",
        "outbound/egress.py",
        "        if _PLACES.index(place) > _PLACES.index(planned):", "        if False:",
        "outbound/test_outbound_egress.py", "outbound/test_outbound_connect.py",
    ),
    _hearth(
        "no name is looked up offline", "T33",
        "outbound/egress.py",
        '        if self.mode == "offline":', "        if False:",
        "outbound/test_outbound_egress.py", "outbound/test_outbound_connect.py",
    ),
    _hearth(
        "a name is looked up only where the mode allows", "T33",
        "outbound/names.py",
        "        permit.allow_lookup(host, who)\n", "",
        "outbound/test_outbound_connect.py",
    ),
    _hearth(
        "a model that Ollama forwards counts as cloud", "T31",
        "routing/targets.py",
        'place="cloud" if remote else provider_place(provider, listing),', "place=provider_place(provider, listing),",
        "routing/test_plan_privacy.py", "routing/test_catalog.py",
    ),
    _hearth(
        "an answer of a remote host is refused", "T31",
        "dialects/ollama/streams.py",
        "        if (chunk.remote_host or chunk.remote_model) and (self._to.local_only or self._to.no_remote):",
        "        if False:",
        "dialects/ollama", "end_to_end/test_e2e_privacy.py",
    ),
    _hearth(
        "a tighter mode ends the streams it forbids", "F54",
        "outbound/pool.py",
        "            connection.end(egress.refusal(connection.who))", "            pass",
        "outbound/test_outbound_mode.py",
    ),
    _hearth(
        "a redirect is an error", "T11",
        "outbound/parsing.py",
        "        if 300 <= status < 400 and status != 304:", "        if False:",
        "outbound/test_outbound_faults.py",
    ),
    _hearth(
        "no key stands in a provider's error", "T16",
        "outbound/keys/hiding.py",
        "    problem.message = problem.message.replace(value, SHOWN)\n", "",
        "outbound/keys", "end_to_end/test_e2e_key_secrets.py",
    ),
    _config(
        "a config that everybody may write to is refused", "T13",
        "files.py",
        "    if info.st_mode & stat.S_IWOTH:", "    if False:",
        "config/test_config_files.py",
    ),
    _config(
        "a config of another user is refused", "T13",
        "files.py",
        "    if info.st_uid not in {uid, 0}:", "    if False:",
        "config/test_config_files.py",
    ),
)  # fmt: skip

_ANSWERS = (
    _hearth(
        "a cut stream is no finished one", "F6",
        "dialects/reply_reader.py",
        "        return [*frames, self._end()]", "        return frames",
        "dialects/openai_chat/test_openai_recordings.py",
    ),
    _hearth(
        "after the first word nobody else is asked", "F5, F6",
        "outbound/fallback.py",
        "                    if self.sink.committed or not failed.falls_back:",
        "                    if not failed.falls_back:",
        "end_to_end/test_e2e_fallback.py", "end_to_end/test_e2e_endings.py",
    ),
    _hearth(
        "who hangs up ends the provider's work", "F20, F21, F22",
        "server/listener.py",
        "super().__init__(handler, handler_cancellation=True)",
        "super().__init__(handler, handler_cancellation=False)",
        "end_to_end/test_e2e_hangups.py",
    ),
    _hearth(
        "a body over the limit is refused", "F29, T25",
        "server/intake.py",
        "        if size > limit:", "        if False:",
        "server/test_bad_bodies.py",
    ),
    _hearth(
        "a body that comes too slowly is given up", "F26",
        "server/intake.py",
        "        async with asyncio.timeout(patience_of(request.protocol).body_s + (length or 0) / _MIB):",
        "        async with asyncio.timeout(None):",
        "server/test_slow_clients.py",
    ),
    _hearth(
        "a head that comes too slowly is given up", "F25",
        "server/listener.py",
        "            if connection.late(now):", "            if False:",
        "server/test_slow_clients.py",
    ),
    _hearth(
        "a compressed body is held to the limit", "T25",
        "server/compressed.py",
        "            if size > limit:", "            if False:",
        "server/test_compressed_bodies.py",
    ),
    _hearth(
        "JSON without end is refused", "T25, F30",
        "dialects/body.py",
        "    if too_deep(body):", "    if False:",
        "dialects/test_body.py", "server/test_bad_bodies.py",
    ),
    _hearth(
        "a limit that is spent refuses the cloud", "budgets",
        "routing/policies/budget.py",
        "        if amount is not None and amount <= world.room:", "        if amount is not None:",
        "money", "routing",
    ),
    _hearth(
        "a bad edit keeps the good config", "F51",
        "daemon.py",
        "            self._refuse_config(str(error))\n            return str(error)\n        self.take_over(loaded)",
        "            return str(error)\n        self.take_over(loaded)",
        "end_to_end/test_e2e_edits.py", "end_to_end/test_e2e_reload.py",
    ),
)  # fmt: skip

DEFENCES: tuple[Defence, ...] = (*_DOOR, *_PRIVACY, *_ANSWERS)
