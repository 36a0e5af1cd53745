"""The shape of the code as a table: which part may import which, and why."""

from pathlib import Path
from typing import NamedTuple

import pytest

from source_tree import OURS, Source, product, under

_OF_CALLS = ("chat", "events", "taxonomy", "problems", "call", "record", "told")
_OF_STATUS = ("status", "status_apps", "status_bodies", "status_cache", "status_health", "status_keys", "status_money")
WORDS = tuple(f"hearth.{name}" for name in (*_OF_CALLS, *_OF_STATUS))
FACTS = tuple(f"hearth_config.{name}" for name in ("settings", "quirks", "addresses", "units", "words"))
"""The values of a config, without the reading of it."""


class Layer(NamedTuple):
    """A part of the tree, what of ours it may import besides itself, and why no more."""

    part: str
    may: tuple[str, ...]
    why: str


_DECIDE = ("hearth_config", *WORDS, "hearth.dialects", "hearth.money", "hearth.routing")
_ACT = (*_DECIDE, "hearth.outbound", "hearth.senses", "hearth.ledger", "hearth.engines")

# A module answers to its longest matching part.
LAYERS = (
    Layer(
        "hearth_config", (), "config is read by everybody, also by the tray and the service files, so it stands alone"
    ),
    Layer("hearth", (), "the package itself only says its version: importing it costs nothing"),
    *(Layer(word, (*WORDS, *FACTS), "the shared words are below everything that uses them") for word in WORDS),
    Layer("hearth.fim", WORDS, "what model families want is asked by routing (who can) and by dialects (how)"),
    Layer(
        "hearth.dialects", (*WORDS, *FACTS, "hearth.fim"), "a wire format knows meaning, never who sends it or where to"
    ),
    Layer("hearth.money", (*WORDS, *FACTS), "prices and budgets are sums: whoever decides or writes down asks them"),
    Layer(
        "hearth.routing",
        (*WORDS, *FACTS, "hearth.fim", "hearth.dialects.dialect", "hearth.money"),
        "a decision is made of facts alone, so that explain and why can replay it; of dialects it knows their values",
    ),
    Layer(
        "hearth.senses",
        (*_DECIDE, "hearth.outbound"),
        "facts are gathered by asking; what they lead to is decided elsewhere",
    ),
    Layer("hearth.outbound", _DECIDE, "attempts know wire formats and plans, not the server in front of them"),
    Layer("hearth.ledger", ("hearth_config", *WORDS), "the usage log receives records and can never hold up a request"),
    Layer("hearth.side_file", ("hearth.ledger.files",), "a file beside the usage log is made as the log's is"),
    Layer(
        "hearth.cache",
        (*_DECIDE, "hearth.outbound", "hearth.ledger.files", "hearth.side_file"),
        "an answer given again stands in an attempt's place; whom it is for is the server's to say",
    ),
    Layer(
        "hearth.bodies",
        (*WORDS, "hearth.ledger.files", "hearth.side_file"),
        "what was said is kept by nobody who could send it anywhere; its file is made as the usage log's is",
    ),
    Layer(
        "hearth.sealing",
        ("hearth_config", *WORDS),
        "what the kernel is asked for knows nothing of calls: it is a second way to get a connected socket",
    ),
    Layer("hearth.sealing.broker", (), "the one process that a sealed Hearth trusts to connect stands alone"),
    Layer("hearth.engines", (*_DECIDE, "hearth.outbound", "hearth.senses"), "engine processes serve the layers above"),
    Layer(
        "hearth.metrics", WORDS, "figures are counted from records and written as text: pure, and asked by nobody below"
    ),
    Layer("hearth.generation", _ACT, "a generation is built from one config and knows no server"),
    Layer(
        "hearth.server",
        (*_ACT, "hearth.bodies", "hearth.cache", "hearth.side_file", "hearth.metrics", "hearth.generation"),
        "the server hands calls to a generation and knows no process around it",
    ),
    Layer(
        "hearth.rehearsal", ("hearth_config",), "a stand-in built on our own codecs would agree with our own mistakes"
    ),
    Layer(
        "hearth.rehearsal.__main__",
        ("hearth.rehearsal", "hearth.senses.ports"),
        "its command says who holds a port that is taken; what it plays stays its own",
    ),
    Layer(
        "hearth.standing_in",
        ("hearth_config", "hearth.rehearsal", "hearth.daemon"),
        "the stand-in is put in front of a daemon from outside; the daemon's parts do not know it",
    ),
    Layer("hearth.freed", (), "the C library's memory is nobody's of ours"),
    Layer("hearth.own_log", (), "lines are written by whoever may have to wait for it: nothing of ours"),
    Layer(
        "hearth.foreground",
        (
            "hearth_config",
            "hearth_service.notify",
            "hearth.daemon",
            "hearth.freed",
            "hearth.own_log",
            "hearth.sealing",
            "hearth.standing_in",
            "hearth.server",
        ),
        "it makes a process of a daemon: signals, limits, what is said at the terminal and to a service manager",
    ),
    Layer("hearth.chores", (), "what runs beside the calls is kept running, whatever it is"),
    Layer(
        "hearth.daemon",
        (*_ACT, "hearth.chores", "hearth.generation", "hearth.sealing", "hearth.server"),
        "it composes all parts; nobody imports it but the command",
    ),
    Layer(
        "hearth.client", ("hearth_config", *WORDS), "command line and tray see the daemon through its control API alone"
    ),
    Layer(
        "hearth.demo",
        ("hearth_config", "hearth.client", "hearth.record", "hearth.daemon", "hearth.rehearsal", "hearth.cli.answers"),
        "the demo starts a real daemon and then asks it from outside, as `hearth chat` does",
    ),
    Layer(
        "hearth.conformance",
        (*WORDS, *FACTS, "hearth.dialects"),
        "a suite for authors of dialects needs nothing but the words they write against; the daemon never imports it",
    ),
    Layer("hearth.connecting", (), "other programs' files are texts: what stands in them knows nothing of the daemon"),
    Layer("hearth.cli", OURS, "commands are the top: nothing imports them"),
    Layer("hearth.__main__", ("hearth.cli",), "python -m hearth is the command"),
    Layer(
        "hearth_tray",
        (
            "hearth.client",
            "hearth.told",
            "hearth.record",
            "hearth.status",
            "hearth.status_money",
            "hearth_config.locks",
            "hearth_config.paths",
            "hearth_config.words",
        ),
        "the tray is a view: it never supervises",
    ),
    Layer("hearth_service", ("hearth_config",), "service files are written where no daemon runs"),
    Layer(
        "hearth_packaging", ("hearth.cli",), "packages are made of the whole from outside; they describe the commands"
    ),
)


def _named(row: Layer) -> str:
    return row.part


def _layer_of(module: str) -> Layer | None:
    matching = [layer for layer in LAYERS if under(module, [layer.part])]
    return max(matching, key=lambda layer: len(layer.part), default=None)


def _of_ours(name: str) -> bool:
    return under(name, OURS) and not (name.startswith("hearth.__") or name == "hearth")


@pytest.mark.parametrize("layer", LAYERS, ids=_named)
def test_imports_of_our_own_point_one_way(layer: Layer) -> None:
    """Each part of the tree imports only what lies below it."""
    members = [source for source in product() if _layer_of(source.module) == layer]

    wrong = [
        f"{source.path}:{line} imports {name}"
        for source in members
        for line, name in source.imports
        if _of_ours(name) and not under(name, [layer.part, *layer.may])
    ]

    assert not wrong, f"{layer.why}: {wrong}"


def test_every_module_has_its_row() -> None:
    """No module is outside the table: `hearth` itself speaks only for the package's own two files."""
    strangers = [
        source.path
        for source in product()
        if (layer := _layer_of(source.module)) is None or (layer.part == "hearth" and source.module != "hearth")
    ]

    assert not strangers, "give each a row in LAYERS, with its reason"


def test_no_dialect_imports_another() -> None:
    """There are N + M codecs and never N × M: a dialect's folder imports the shared files beside it and itself."""
    folders = {source.module.split(".")[2] for source in product() if _inside_a_dialect(source.module)}

    wrong = [
        f"{source.path}:{line} imports {name}"
        for source in product()
        if _inside_a_dialect(source.module)
        for line, name in source.imports
        if under(name, [f"hearth.dialects.{other}" for other in folders - {source.module.split(".")[2]}])
    ]

    assert not wrong


def _inside_a_dialect(module: str) -> bool:
    parts = module.split(".")
    return parts[:2] == ["hearth", "dialects"] and len(parts) > 3


def test_the_reader_of_imports_sees_all_forms(tmp_path: Path) -> None:
    """Relative, late and renamed imports are found like plain ones, else the table would have holes."""
    file = tmp_path / "hearth" / "server" / "app.py"
    file.parent.mkdir(parents=True)
    file.write_text("import a.b as c\nfrom ..routing import plan\nfrom . import guard\ndef f():\n    from x import y\n")

    source = Source(file, tmp_path, tmp_path)

    assert sorted(source.imports) == [(1, "a.b"), (2, "hearth.routing.plan"), (3, "hearth.server.guard"), (5, "x.y")]
