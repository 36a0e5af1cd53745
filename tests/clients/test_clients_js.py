"""The official JavaScript clients, run by node, chat through Hearth; skipped with the reason where they cannot run."""

import asyncio
import contextlib
import hashlib
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest

from clients.stage import HELLO, UNICODE, Stage, played
from hearth.rehearsal import Fault, ModelScript, Script
from hearth.rehearsal.script import Kind

pytestmark = pytest.mark.timeout(120)  # the first of them installs the packages
JS = Path(__file__).parent / "js"
CACHE = Path(__file__).parents[2] / ".venv" / "js"
BOTH = pytest.mark.parametrize("kind", ["ollama", "openai"])
CHAT: dict[Kind, str] = {"ollama": "/api/chat", "openai": "/chat/completions"}


@pytest.fixture(scope="module")
def installed() -> Path:
    """The scripts beside the packages that the lock file pins, installed once for each state of these files."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not here, so the JavaScript clients cannot run")
    files = sorted(file for file in JS.iterdir() if file.suffix in (".json", ".mjs"))
    place = CACHE / hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
    if not place.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            _install(Path(folder), files)
            with contextlib.suppress(OSError):  # a neighbour was quicker
                Path(folder, "here").rename(place)
    return place


def _install(folder: Path, files: list[Path]) -> None:
    place = folder / "here"
    place.mkdir()
    for file in files:
        shutil.copyfile(file, place / file.name)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=0"]
    try:
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=40, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip("npm ci took longer than 40 s, so the JavaScript clients cannot run")
    if done.returncode:
        pytest.skip(f"npm ci failed, so the JavaScript clients cannot run: {done.stderr.strip()[-300:]}")


def seen(place: Path, script: str, kind: Kind) -> dict[str, Any]:
    """What the script saw of a daemon before this kind of provider."""
    models = (*Script().models, ModelScript(name="breaks"))

    async def act(on: Stage) -> dict[str, Any]:
        broken = Fault.error("out of memory", after=4)
        on.rehearsal.next(broken, path=CHAT[kind], model="breaks", times=-1)
        command = ("node", f"{script}.mjs", on.home.url)
        process = await asyncio.create_subprocess_exec(*command, cwd=place, stdout=PIPE, stderr=PIPE)
        said, complaint = await process.communicate()
        assert process.returncode == 0, complaint.decode()
        return dict(json.loads(said))

    return played(act, Script(kind=kind, flavour="llama-server", models=models))


@BOTH
def test_the_openai_client_of_node(installed: Path, kind: Kind) -> None:
    """Whole, streamed with usage, tools through its own helper, vectors, a suffix, lists, and both kinds of error."""
    saw = seen(installed, "openai", kind)

    assert saw["whole"] == {"text": HELLO, "reason": "stop"}
    assert (saw["streamed"]["text"], saw["streamed"]["same"]) == (HELLO, True)
    assert saw["calls"] == ['{"city":"Paris"}', '{"city":"Rome"}']
    assert (saw["vectors"], saw["filled"]) == ([16, 16], " return a + b")
    assert {name.removesuffix(":latest") for name in saw["models"]} >= {"scripted", "embedder"}
    assert (saw["unknown"]["status"], saw["unknown"]["code"]) == (404, "model_not_found")
    assert saw["before"].startswith("Hello!")
    assert "out of memory" in saw["broken"]["message"]


@BOTH
def test_the_openai_clients_responses_of_node(installed: Path, kind: Kind) -> None:
    """Whole, streamed in order, odd signs, calls and their outputs, thoughts, a count, and each kind of error."""
    saw = seen(installed, "responses", kind)

    assert saw["whole"] == {"text": HELLO, "status": "completed"}
    assert saw["streamed"] == {"text": HELLO, "ordered": True, "same": True}
    assert saw["signs"] == UNICODE
    assert saw["calls"] == ['{"city":"Paris"}', '{"city":"Rome"}']
    assert "sunny" in saw["answered"]
    assert saw["items"] == ["reasoning", "message"]
    assert saw["counted"] > 0
    assert (saw["unknown"]["status"], saw["unknown"]["code"]) == (404, "model_not_found")
    assert saw["native"]["status"] == 400
    assert saw["before"].startswith("Hello!")
    assert "out of memory" in saw["broken"]["message"]


@BOTH
def test_the_ollama_client_of_node(installed: Path, kind: Kind) -> None:
    """Whole, streamed, odd signs, tools, thoughts, vectors, a suffix, lists, and both kinds of error."""
    saw = seen(installed, "ollama", kind)

    assert saw["whole"] == {"text": HELLO, "done": True, "reason": "stop"}
    assert saw["streamed"] == {"text": HELLO, "tokens": 10}
    assert saw["signs"] == UNICODE
    assert saw["calls"] == [{"city": "Paris"}, {"city": "Rome"}]
    assert saw["thought"] == "The user asks why.\n\n"
    assert (saw["vectors"], saw["filled"]) == ([16, 16], " return a + b")
    assert {name.removesuffix(":latest") for name in saw["models"]} >= {"scripted", "embedder"}
    assert "tools" in saw["capabilities"]
    assert (saw["unknown"]["kind"], saw["unknown"]["status"]) == ("ResponseError", 404)
    assert saw["before"].startswith("Hello!")
    assert "out of memory" in saw["broken"]["message"]


@BOTH
def test_the_anthropic_client_of_node(installed: Path, kind: Kind) -> None:
    """Whole, streamed, odd signs, tools and their results, thoughts, counts, lists, and both kinds of error."""
    saw = seen(installed, "anthropic", kind)

    assert saw["whole"] == {"text": HELLO, "reason": "end_turn"}
    assert saw["streamed"] == {"text": HELLO, "same": True}
    assert saw["signs"] == UNICODE
    assert saw["calls"] == [{"city": "Paris"}, {"city": "Rome"}]
    assert "sunny" in saw["answered"]
    assert saw["blocks"] == ["thinking", "text"]
    assert saw["counted"] > 0
    assert {name.removesuffix(":latest") for name in saw["models"]} >= {"scripted", "embedder"}
    assert (saw["unknown"]["status"], saw["unknown"]["type"]) == (404, "not_found_error")
    assert saw["unknown"]["id"].startswith("req_")
    assert saw["before"].startswith("Hello!")
    assert "out of memory" in saw["broken"]["message"]
