"""The families: each file says where it comes from, none claims another's models, and a gap comes out as documented."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.chat import CompleteRequest, Image, Knobs, SourceFile
from hearth.fim.family import Family, templated
from hearth.fim.filling import Filling, prepared
from hearth.fim.known import HINTS, families, family_of, holds_tokens, is_written
from hearth.problems import Unsupported

GAP = CompleteRequest("def f(", suffix="): pass", knobs=Knobs(stop=("\n",)))
EACH = pytest.mark.parametrize("family", families(), ids=lambda family: family.name)
NAMES = {
    "qwen2.5-coder:1.5b-base": "qwen-coder",
    "Qwen/Qwen2.5-Coder-7B-Instruct": "qwen-coder",
    "hf.co/unsloth/Qwen3-Coder-30B-A3B-Instruct-GGUF:Q4_K_M": "qwen-coder",
    "accounts/fireworks/models/qwen2p5-coder-32b": "qwen-coder",
    "codellama:7b-code": "codellama",
    "codellama/CodeLlama-70b-hf": "codellama",
    "deepseek-coder:6.7b": "deepseek-coder",
    "deepseek-coder-v2:16b-lite-base-q4_0": "deepseek-coder",
    "starcoder:1b": "starcoder",
    "bigcode/starcoder2-7b": "starcoder2",
    "codegemma:2b": "codegemma",
    "codestral:22b": "codestral",
    "granite-code:8b": "granite-code",
    "ibm-granite/granite-8b-code-base-4k": "granite-code",
    "stable-code:3b": "stable-code",
    "yi-coder:9b-base": "yi-coder",
    "codeqwen:7b-code": "codeqwen",
    "ByteDance-Seed/Seed-Coder-8B-Base": "seed-coder",
}
OTHERS = (
    "qwen3:8b",
    "codellama:34b",
    "codellama:7b-python",
    "deepseek-ai/DeepSeek-Coder-V2-Instruct",
    "deepseek-chat",
    "starcoder2:15b-instruct",
    "google/codegemma-7b-it",
    "codestral-embed",
    "yi-coder:9b-chat",
    "gpt-4o",
)


def family(name: str) -> Family:
    """The family of that name."""
    return next(one for one in families() if one.name == name)


@pytest.mark.parametrize(("model", "name"), NAMES.items())
def test_a_model_is_known_by_its_name(model: str, name: str) -> None:
    """Whoever publishes it, in whichever case, with a tag or a quantisation behind it."""
    found = family_of(model)

    assert found is not None
    assert found.name == name


@pytest.mark.parametrize("model", OTHERS)
def test_a_model_that_cannot_fill_gaps_has_no_family(model: str) -> None:
    """Sizes and tunings that were not trained for it are exceptions; any other model is a stranger."""
    assert family_of(model) is None


@EACH
def test_each_family_is_whole(family: Family) -> None:
    """Source, names, tokens and ends; the hints by which a prompt is scanned cover it."""
    assert family.source
    assert family.names
    assert all(family.marks)
    assert family.stop
    assert any(hint in family.marks[1].encode() for hint in HINTS)
    assert "{text}" in family.file or not family.file


@pytest.mark.parametrize(
    ("name", "prompt"),
    [
        ("qwen-coder", "<|fim_prefix|>def f(<|fim_suffix|>): pass<|fim_middle|>"),
        ("codellama", "<PRE> def f( <SUF>): pass <MID>"),
        ("deepseek-coder", "<｜fim▁begin｜>def f(<｜fim▁hole｜>): pass<｜fim▁end｜>"),
        ("starcoder2", "<fim_prefix>def f(<fim_suffix>): pass<fim_middle>"),
        ("codegemma", "<|fim_prefix|>def f(<|fim_suffix|>): pass<|fim_middle|>"),
        ("codestral", "[SUFFIX]): pass[PREFIX]def f("),
        ("seed-coder", "<[fim-suffix]>): pass<[fim-prefix]>def f(<[fim-middle]>"),
    ],
)
def test_a_gap_is_written_as_its_publisher_says(name: str, prompt: str) -> None:
    """Tokens, blanks and order are those of the source that the family's file names (pain 23)."""
    written = templated(GAP, family(name))

    assert written.prompt == prompt
    assert written.suffix is None
    assert written.verbatim
    assert not written.templated


def test_what_stands_in_the_gap_already_follows_the_middle() -> None:
    """The model goes on from there; with a suffix first it simply follows the prefix."""
    begun = CompleteRequest("a", suffix="c", begun="b")

    assert templated(begun, family("qwen-coder")).prompt.endswith("<|fim_middle|>b")
    assert templated(begun, family("codestral")).prompt == "[SUFFIX]c[PREFIX]ab"


def test_the_callers_stops_come_before_the_familys() -> None:
    """A server that takes only a few keeps the caller's own."""
    stop = templated(GAP, family("codellama")).knobs.stop

    assert stop == ("\n", "<EOT>", "<PRE>", "<SUF>", "<MID>")


def test_other_files_stand_before_the_gap() -> None:
    """Each behind the family's token for files, the gap's own last; a file without a name has no line for it."""
    gap = CompleteRequest("x", suffix="y", context=(SourceFile("a.py", "A = {text}\n"), SourceFile("", "B")))

    written = templated(gap, family("qwen-coder")).prompt

    assert written == (
        "<|repo_name|>repository\n<|file_sep|>a.py\nA = {text}\n\n<|file_sep|>B\n<|file_sep|>\n"
        "<|fim_prefix|>x<|fim_suffix|>y<|fim_middle|>"
    )


@pytest.mark.parametrize(
    "gap",
    [
        CompleteRequest("x", suffix="y", context=(SourceFile("a.py", "A"),)),
        CompleteRequest("x", suffix="y", system="Be brief."),
        CompleteRequest("x", suffix="y", images=(Image("aGk="),)),
        CompleteRequest("x <SUF> y", suffix="z"),
    ],
)
def test_what_a_family_has_no_form_for_is_refused(gap: CompleteRequest) -> None:
    """Other files, a system text, pictures, and a text that would be read as one of its tokens."""
    with pytest.raises(Unsupported):
        templated(gap, family("codellama"))


TEXT = st.text(st.characters(exclude_characters="<[|｜>]"))


@given(st.sampled_from(families()), TEXT, TEXT, TEXT)
def test_nothing_of_the_text_is_lost(family: Family, before: str, after: str, begun: str) -> None:
    """Whatever the family, prefix, suffix and what was begun stand in the prompt, and are known for a gap."""
    written = templated(CompleteRequest(before, suffix=after, begun=begun), family).prompt

    assert before in written
    assert after in written
    assert written.endswith(begun)
    assert is_written(written)


@pytest.mark.parametrize(
    ("prompt", "found"),
    [
        (b'"<|fim_prefix|>a<|fim_suffix|>b<|fim_middle|>"', True),
        (rb'"\u003cPRE\u003e a \u003cSUF\u003eb \u003cMID\u003e"', True),
        (rb'"<\uff5cfim\u2581begin\uff5c>a<\uff5cfim\u2581hole\uff5c>b<\uff5cfim\u2581end\uff5c>"', True),
        (b'"the prefix of a fim, and SUFFIX"', False),
        (b'"only <|fim_prefix|>"', False),
        (b'["<PRE> a <SUF>b <MID>"]', False),
        (b'"<PRE> <SUF>', False),
        (None, False),
    ],
)
def test_a_prompt_that_an_editor_wrote_for_a_family_is_known(prompt: bytes | None, found: bool) -> None:
    """However a client escapes its JSON; what merely talks of such tokens is no gap."""
    assert holds_tokens(prompt) is found  # type: ignore[arg-type]


def test_a_native_form_is_preferred() -> None:
    """The family's tokens are for what the target's own form cannot do."""
    with_files = CompleteRequest("x", suffix="y", context=(SourceFile("a", "A"),))
    both = Filling(native=True, family=family("qwen-coder"))

    assert prepared(GAP, both) is GAP
    assert prepared(with_files, both).verbatim
    assert prepared(with_files, Filling(native=True, files=True, family=family("qwen-coder"))) is with_files
    assert prepared(GAP, Filling(family=family("qwen-coder"))).verbatim


def test_a_native_form_without_a_place_for_what_was_begun_gets_it_with_the_prefix() -> None:
    """It is the text before the cursor either way."""
    begun = CompleteRequest("a", suffix="c", begun="b")

    assert prepared(begun, Filling(native=True)).prompt == "ab"
    assert prepared(begun, Filling(native=True, files=True)) is begun


def test_a_gap_is_never_a_plain_completion() -> None:
    """An Ollama takes an empty suffix for none: the family's tokens say it, or the gap is refused (pain 23)."""
    at_the_end = CompleteRequest("x", suffix="")

    assert prepared(at_the_end, Filling(native=True, needs_suffix=True, family=family("codellama"))).verbatim
    with pytest.raises(Unsupported):
        prepared(at_the_end, Filling(native=True, needs_suffix=True))
    with pytest.raises(Unsupported):
        prepared(CompleteRequest("x", suffix="y", context=(SourceFile("a", "A"),)), Filling(native=True))
    assert prepared(CompleteRequest("x"), Filling()).suffix is None
