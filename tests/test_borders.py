"""Where libraries, sockets and clocks may be touched, as a table with the reason for each row."""

import ast
from typing import NamedTuple

import pytest

from source_tree import Source, product, under

WORDS = (
    "chat",
    "events",
    "taxonomy",
    "problems",
    "call",
    "record",
    "status",
    "status_apps",
    "status_cache",
    "status_money",
)


class Only(NamedTuple):
    """Libraries, or names of calls, that belong to these places alone, and why."""

    names: tuple[str, ...]
    places: tuple[str, ...]
    why: str


LIBRARIES = (
    Only(("psutil",), ("daemon/hearth/senses",), "facts about the machine are gathered in one place"),
    Only(("sqlite_utils",), ("daemon/hearth/ledger",), "one writer thread owns the usage log"),
    Only(
        ("sqlite3",),
        (
            "daemon/hearth/ledger",
            "daemon/hearth/side_file.py",
            "daemon/hearth/cache/store.py",
            "daemon/hearth/bodies/store.py",
        ),
        "one thread owns the usage log, another the answers that are kept, and one what was said",
    ),
    Only(("watchfiles",), ("config/hearth_config/watch.py",), "files are watched once, without polling"),
    Only(
        ("httpx",),
        ("daemon/hearth/client.py",),
        "httpx speaks to Hearth itself; providers are reached through outbound alone",
    ),
    Only(
        ("aiohttp",),
        ("daemon/hearth/server", "daemon/hearth/daemon.py", "daemon/hearth/rehearsal"),
        "aiohttp is the server, never a client",
    ),
    Only(("httptools",), ("daemon/hearth/outbound", "daemon/hearth/rehearsal"), "one thin client parses replies"),
    Only(("truststore", "ssl"), ("daemon/hearth/outbound",), "TLS is set up where connections are made"),
    Only(("uvloop",), ("daemon/hearth/foreground.py",), "the loop is chosen once, at the top"),
    Only(
        ("click",),
        ("daemon/hearth/cli", "tray/hearth_tray/app.py", "packaging/hearth_packaging"),
        "options belong to the commands, and man page and completions are made of them",
    ),
    Only(("rich",), ("daemon/hearth/cli",), "the terminal belongs to the commands"),
    Only(("pystray", "PIL", "gi"), ("tray/hearth_tray",), "the icon is drawn by the tray, and by nobody else"),
    Only(("platformdirs",), ("config/hearth_config/paths.py",), "where things live is said in one file"),
    Only(("keyring",), ("config/hearth_config/secrets.py",), "keys are resolved in one place, as late as possible"),
    Only(("pytest", "hypothesis"), ("daemon/hearth/conformance",), "what judges dialects is no part of the daemon"),
    Only(
        ("requests", "urllib.request", "http.client", "urllib3", "aiohttp.client"),
        (),
        "a second way out would escape the privacy mode",
    ),
    Only(
        ("openai", "ollama", "litellm", "tiktoken"),
        (),
        "SDKs judge our dialects in tests and cost too much memory at run time",
    ),
)

CALLS = (
    Only(
        ("create_connection", "open_connection", "create_unix_connection", "open_unix_connection", "sock_connect"),
        ("daemon/hearth/outbound/connect.py",),
        "one dialler makes the offline guarantee simple",
    ),
    Only(
        ("getaddrinfo", "getnameinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr", "getfqdn"),
        ("daemon/hearth/outbound/connect.py", "daemon/hearth/outbound/names.py"),
        "a DNS query leaves the machine too, so it is asked where egress is judged (T33)",
    ),
    Only(
        ("create_server", "create_unix_server", "start_server", "start_unix_server", "TCPSite", "UnixSite", "SockSite"),
        ("daemon/hearth/server", "daemon/hearth/daemon.py", "daemon/hearth/rehearsal"),
        "who listens must be found at a glance",
    ),
    Only(
        ("ClientSession",), (), "aiohttp's client follows redirects, reads proxy variables and ends streams after 300 s"
    ),
)

SOCKET_CONNECT = Only(
    ("connect", "connect_ex"),
    ("daemon/hearth/outbound/connect.py", "daemon/hearth/sealing/broker.py"),
    "a plain socket that connects is a dialler too; the broker is the dialler's hand where the kernel ties it",
)

PURE = (
    "daemon/hearth/dialects",
    "daemon/hearth/metrics",
    "daemon/hearth/routing",
    *(f"daemon/hearth/{word}.py" for word in WORDS),
)
IMPURE = (
    "asyncio",
    "aiohttp",
    "httpx",
    "socket",
    "ssl",
    "select",
    "selectors",
    "threading",
    "subprocess",
    "time",
    "random",
    "secrets",
    "uuid",
    "os",
    "pathlib",
)
CLOCKS = ("now", "utcnow", "today", "open")


def _named(row: Only) -> str:
    return row.names[0]


@pytest.mark.parametrize("row", LIBRARIES, ids=_named)
def test_a_library_stays_where_it_belongs(row: Only) -> None:
    """Each library is imported in its own corner only."""
    wrong = [
        f"{source.path}:{line} imports {name}"
        for source in product()
        if not under(source.path, row.places, "/")
        for line, name in source.imports
        if under(name, row.names)
    ]

    assert not wrong, f"{row.why}: {wrong}"


@pytest.mark.parametrize("row", CALLS, ids=_named)
def test_the_network_is_touched_where_the_table_says(row: Only) -> None:
    """Connections are made in one file, name lookups too, and listeners are opened in few."""
    wrong = [
        f"{source.path}:{line} calls {name}"
        for source in product()
        if not under(source.path, row.places, "/")
        for line, name in source.calls
        if name in row.names
    ]

    assert not wrong, f"{row.why}: {wrong}"


def test_no_plain_socket_dials() -> None:
    """A file that handles sockets calls `connect` only if it is the dialler."""
    wrong = [
        f"{source.path}:{line} calls {name}"
        for source in product()
        if not under(source.path, SOCKET_CONNECT.places, "/")
        and any(under(name, ["socket"]) for _, name in source.imports)
        for line, name in source.calls
        if name in SOCKET_CONNECT.names
    ]

    assert not wrong, f"{SOCKET_CONNECT.why}: {wrong}"


def test_the_middle_is_pure() -> None:
    """Words, dialects and routing give the same output for the same input: no I/O, no clock, no chance, no waiting."""
    wrong = [
        f"{source.path}:{line} {what}"
        for source in product()
        if under(source.path, PURE, "/")
        for line, what in _effects(source)
    ]

    assert not wrong


def _effects(source: Source) -> list[tuple[int, str]]:
    imported = [(line, f"imports {name}") for line, name in source.imports if under(name, IMPURE)]
    called = [(line, f"calls {name}") for line, name in source.calls if name in CLOCKS]
    waiting = [(node.lineno, "waits") for node in source.nodes if isinstance(node, ast.AsyncFunctionDef | ast.Await)]
    return [*imported, *called, *waiting]
