"""A provider's quirks, and a model's defaults, are data that somebody heeds."""

import ast

from hearth.chat import Knobs
from hearth.generation import knobs_of
from hearth_config.provider import Defaults
from hearth_config.quirks import Quirks
from source_tree import product


def test_every_quirk_is_read_somewhere() -> None:
    """No quirk is accepted in the config and then ignored."""
    read = {node.attr for source in product() for node in source.nodes if isinstance(node, ast.Attribute)}

    assert not set(Quirks.__struct_fields__) - read


def test_every_default_is_a_knob_of_the_daemon() -> None:
    """What the loader accepts in `defaults` is what requests are filled with."""
    said = {"temperature": 1, "stop": ["\n\n"], "max_tokens": 9}

    assert Defaults.__struct_fields__ == Knobs.__struct_fields__
    assert knobs_of(said) == Knobs(temperature=1.0, stop=("\n\n",), max_tokens=9)
