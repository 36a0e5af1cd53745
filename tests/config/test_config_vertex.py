"""Vertex: the address of a project and a location is put together from the two."""

from pathlib import Path

import pytest

from hearth_config.errors import ConfigError
from hearth_config.load import load_text
from hearth_config.settings import Provider
from hearth_config.variables import Variables

PUBLISHER = "/v1beta1/projects/mine/locations/{}/publishers/google"


def vertex(lines: str) -> Provider:
    """A provider of that preset."""
    text = f'[providers.x]\npreset = "vertex"\n{lines}\n'
    return load_text(text, Path("hearth.toml"), Variables({})).settings.providers["x"]


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("europe-west1", "europe-west1-aiplatform.googleapis.com"),
        ("global", "aiplatform.googleapis.com"),
        ("us", "aiplatform.us.rep.googleapis.com"),
        ("eu", "aiplatform.eu.rep.googleapis.com"),
    ],
)
def test_the_address_is_made_of_project_and_location(location: str, host: str) -> None:
    """A region has its own host, and the wider places have hosts of other forms (wire/providers §4.3)."""
    made = vertex(f'project = "mine"\nlocation = "{location}"')

    assert str(made.address) == f"https://{host}{PUBLISHER.format(location)}"
    assert (made.auth, made.keys) == ("bearer", ())


def test_an_address_of_ones_own_gets_the_usual_path() -> None:
    """A private endpoint is named by its host; project and location make the path."""
    made = vertex('project = "mine"\nlocation = "eu"\naddress = "https://private.example"')

    assert str(made.address) == f"https://private.example{PUBLISHER.format('eu')}"


@pytest.mark.parametrize(("given", "missing"), [("", "location"), ('location = "eu"', "project")])
def test_what_is_missing_is_named(given: str, missing: str) -> None:
    """Without an address both are needed, and the error says which is not there."""
    with pytest.raises(ConfigError) as refused:
        vertex(given)

    assert missing in str(refused.value)
    assert "is needed for the address" in str(refused.value)
