"""What the documents say is so: commands exist and are described, examples work, files are where links point."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from hearth.cli import COMMANDS, command_line
from hearth.client import Client, ClientError
from hearth_config.load import load_text
from hearth_config.paths import Paths
from hearth_config.variables import Variables
from kept_ports import kept_port
from source_tree import ROOT, everything

README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md")))
ADDRESS = "127.0.0.1:11430"


def _blocks(language: str) -> list[str]:
    """Every fenced block of that language in the README."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def _lines(program: str) -> list[str]:
    return [line for block in _blocks("sh") for line in block.splitlines() if line.startswith(f"{program} ")]


def _every_command() -> Iterator[tuple[str, click.Command]]:
    """Every command and subcommand, by what one types after `hearth`."""
    context = click.Context(command_line)
    for name in COMMANDS:
        command = command_line.get_command(context, name)
        assert command is not None, name
        yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {sub}", under) for sub, under in command.commands.items())


def _table_of_commands() -> str:
    """The first column of the README's table of commands."""
    section = README.partition("## Commands")[2].partition("\n## ")[0]
    return "\n".join(line.split("|")[1] for line in section.splitlines() if line.startswith("| `"))


def test_every_command_has_help() -> None:
    """`--help` of each command says what it does, in a sentence short enough for the list; options say it too."""
    silent = [name for name, command in _every_command() if not command.get_short_help_str(200).strip()]
    long = [name for name, command in _every_command() if command.get_short_help_str(80).endswith("...")]
    mute = [
        f"{name} {option.opts[0]}"
        for name, command in _every_command()
        for option in command.params
        if isinstance(option, click.Option) and not option.help
    ]

    assert not silent + long + mute


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_stands_in_the_readme(name: str) -> None:
    """The README's table of commands leaves none out."""
    assert re.search(rf"`(hearth )?{name}\b", _table_of_commands())


def test_every_command_in_the_documents_exists() -> None:
    """What the documents tell people to type is a command."""
    text = "\n".join(document.read_text(encoding="utf-8") for document in DOCUMENTS)

    typed = set(re.findall(r"(?:`|^)hearth ([a-z]+)\b", text, re.MULTILINE))

    assert typed
    assert not typed - set(COMMANDS)


def _unknown_flags(typed: str) -> list[str]:
    """The flags of a typed command that it does not take."""
    words = typed.split()[1:]
    context, command = click.Context(command_line), command_line.get_command(click.Context(command_line), words[0])
    if isinstance(command, click.Group) and len(words) > 1:
        command = command.get_command(context, words[1]) or command
    taken = {flag for one in command.params for flag in (*one.opts, *one.secondary_opts)} if command else set()
    return [flag for flag in re.findall(r"(?<=\s)--?[a-zA-Z][\w-]*", typed) if flag not in {*taken, "--help"}]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: file.name)
def test_every_flag_in_the_documents_exists(document: Path) -> None:
    """A command is shown with flags that it takes."""
    typed = re.findall(r"(?:`|^)(hearth [a-z][^`\n#|&]*)", document.read_text(encoding="utf-8"), re.MULTILINE)

    assert not [(command, flags) for command in typed if (flags := _unknown_flags(command))]


def test_every_make_target_in_the_documents_exists() -> None:
    """`make run`, `make test` and the others are in the Makefile."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

    typed = set(re.findall(r"(?:`|^)make ([a-z]+)", README, re.MULTILINE))

    assert {"run", "test"} <= typed <= targets


@pytest.mark.parametrize("snippet", _blocks("toml"))
def test_every_config_in_the_readme_is_valid(snippet: str, tmp_path: Path) -> None:
    """A config copied from the README is accepted, without a warning, and all of it is heeded."""
    loaded = load_text(snippet, tmp_path / "hearth.toml", Variables({}, {}))

    assert not loaded.warnings


def test_the_readme_names_every_preset() -> None:
    """The list of presets is that of the files."""
    listed = re.search(r"^Presets: (.*?)\.", README, re.MULTILINE | re.DOTALL)

    assert listed
    assert set(re.split(r",\s+", listed[1])) == {
        file.stem for file in (ROOT / "config/hearth_config/providers").glob("*.toml")
    }


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: file.name)
def test_links_to_files_lead_somewhere(document: Path) -> None:
    """A link that is no web address is the path of a file here."""
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text(encoding="utf-8"))

    broken = [link for link in links if "://" not in link and not (document.parent / link).exists()]

    assert not broken


@pytest.fixture(scope="module")
def listening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A Hearth as `make run` starts it where no Ollama answers: its address, and its home."""
    home = tmp_path_factory.mktemp("readme")
    config = home / "hearth.toml"
    command = [sys.executable, "-m", "hearth", "--home", str(home), "run", "--stand-in"]
    with kept_port() as port:
        config.write_text(
            '[listen]\ntcp = "127.0.0.1:0"\n'
            f'[providers.ollama]\npreset = "ollama"\naddress = "http://127.0.0.1:{port}"\n'
        )
        config.chmod(0o600)
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            yield _address(Paths.find(str(home), {})), home
        finally:
            process.terminate()
            process.communicate(timeout=60)


def _address(paths: Paths) -> str:
    until = time.monotonic() + 60
    while True:
        try:
            with Client(paths, {}) as client:
                urls = [address for address in client.status().listening if address.startswith("http://127")]
            return urls[0].removeprefix("http://")
        except ClientError:
            assert time.monotonic() < until, "it does not start"
            time.sleep(0.05)


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl to try the README's lines with")
@pytest.mark.parametrize("line", _lines("curl"))
def test_every_curl_line_of_the_readme_answers(line: str, listening: tuple[str, Path]) -> None:
    """Each line, typed as it stands, gets an answer from a Hearth that was started by `make run`."""
    assert ADDRESS in line
    command = [*shlex.split(line.replace(ADDRESS, listening[0])), "--silent", "--show-error", "--fail-with-body"]

    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert '"error"' not in done.stdout
    if "chat" in line:
        assert re.search(r'"content": ?"\w', done.stdout)
    if " -i " in line:
        assert re.search(r"^X-Hearth-Target: rehearsal/", done.stdout, re.MULTILINE | re.IGNORECASE)


def test_the_readme_has_a_first_curl_and_a_first_chat() -> None:
    """There is something to type right after `make run`."""
    assert f"curl http://{ADDRESS}/api/chat -d" in README
    assert _lines("curl")
    assert any(line.startswith("hearth chat") for line in _lines("hearth"))


def test_a_question_of_the_readme_is_answered(listening: tuple[str, Path]) -> None:
    """`hearth chat default "…"` prints an answer and says who gave it."""
    (line,) = [line for line in _lines("hearth") if line.startswith("hearth chat default")]
    environ = {**os.environ, "HEARTH_HOME": str(listening[1])}
    command = [sys.executable, "-m", *shlex.split(line, comments=True)]

    done = subprocess.run(
        command, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert "rehearsal/rehearsal" in done.stderr


PAGES = {"design": "design.md", "wire/ollama": "wire/ollama.md", "wire/providers": "wire/providers.md"}


def _sections(text: str) -> set[str]:
    """The numbers of a page's headings, and of the numbered points below them ("6.14")."""
    found: set[str] = set()
    heading = ""
    for line in text.splitlines():
        if number := re.match(r"#+ (\d+(?:\.\d+)?)\.? ", line):
            heading = number[1]
            found.add(heading)
        elif point := re.match(r"(\d+)\. ", line):
            found.add(f"{heading}.{point[1]}")
    return found


@pytest.mark.parametrize("page", PAGES)
def test_sections_that_the_code_cites_exist(page: str) -> None:
    """A citation such as "design §4" leads to a numbered heading of that page, or to a numbered point below one."""
    sections = _sections((ROOT / "docs" / PAGES[page]).read_text(encoding="utf-8"))

    cited = {
        number
        for source in everything()
        for number in re.findall(rf"\b{page} §(\d+(?:\.\d+)?)", "\n".join(source.lines), re.IGNORECASE)
    }

    assert cited
    assert not cited - sections


def test_the_design_names_every_part_of_the_daemon() -> None:
    """The tree in section 3 shows each module and folder of `hearth`, and each file of its server."""
    design = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    tree = design.partition("## 3. ")[2].partition("```\n")[2].partition("```")[0]
    package = ROOT / "daemon" / "hearth"
    files = {*package.glob("[!_]*"), *(package / "server").rglob("[!_]*.py")}

    missing = {file.stem for file in files if not re.search(rf"\b{file.stem}\b", tree)} - {"py"}

    assert not missing
