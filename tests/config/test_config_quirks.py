"""A provider's quirks are data that somebody heeds."""

import ast

from hearth_config.quirks import Quirks
from source_tree import product


def test_every_quirk_is_read_somewhere() -> None:
    """No quirk is accepted in the config and then ignored."""
    read = {node.attr for source in product() for node in ast.walk(source.tree) if isinstance(node, ast.Attribute)}

    assert not set(Quirks.__struct_fields__) - read
