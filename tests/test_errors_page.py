"""Every problem has its place among the errors, the page that shows them is current, and each can be told apart."""

from __future__ import annotations

import math
from typing import get_args

import pytest

from errors_page import PAGE, page
from hearth.conformance.served import kinds
from hearth.dialects import registry
from hearth.dialects.dialect import Rendered, Served
from hearth.problems import Problem, ProviderProblem
from hearth.taxonomy import Category
from hearth_config.provider import Retry

SERVED = [half for name in registry.OURS if (half := registry.served(name)) is not None]


def test_the_page_is_what_the_classes_say() -> None:
    """`python tests/errors_page.py` writes it anew."""
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_category_has_a_problem_and_every_problem_one_name() -> None:
    """The set is complete, and no name stands for two problems."""
    names = [kind.kind for kind in kinds()]

    assert {kind.category for kind in kinds()} == set(get_args(Category))
    assert sorted(names) == sorted({*names} | {"provider_error"})


@pytest.mark.parametrize("kind", [kind for kind in kinds() if issubclass(kind, ProviderProblem)])
def test_what_is_retried_is_what_may_be_retried(kind: type[ProviderProblem]) -> None:
    """The cause that `[retry] on` names is the category wherever a retry makes sense, and no other problem has one."""
    retried = Retry().on

    assert (kind.category in retried) == (kind.cause in retried)
    assert kind.cause not in retried or kind.cause == kind.category


@pytest.mark.parametrize("half", SERVED, ids=lambda half: half.name)
@pytest.mark.parametrize("kind", kinds())
def test_every_dialect_shows_every_problem(kind: type[Problem], half: Served) -> None:
    """An error status, the words, and the pause where one is known."""
    rendered: Rendered = half.problem(kind("It failed.", who="far", retry_after=2.5))

    headers = {name.lower(): value for name, value in rendered.headers}
    assert 400 <= rendered.status < 600
    assert b"It failed" in rendered.body or half.name == "ollama"
    assert headers["retry-after"] == str(math.ceil(2.5))
