"""Where a target's answers are made: its place belongs to address and model, never to a name."""

import pytest

from hearth.call import Place
from hearth.dialects.dialect import ModelInfo
from hearth.routing.inventory import Listing
from hearth.routing.targets import is_remote_name, make_target, provider_place, same_name
from hearth_config.addresses import TcpAddress
from hearth_config.settings import ModelSettings
from routing.routing_examples import ollama, provider


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("http://127.0.0.1:11434", "machine"),
        ("http://localhost:11434", "machine"),
        ("http://[::1]:11434", "machine"),
        ("http://[::ffff:127.0.0.1]:11434", "machine"),
        ("unix:/run/llama.sock", "machine"),
        ("http://192.168.1.20:8000/v1", "lan"),
        ("http://[fd00::5]:8000/v1", "lan"),
        ("https://100.64.0.1/v1", "cloud"),
        ("https://1.1.1.1/v1", "cloud"),
        ("https://local.example/v1", "cloud"),
        ("https://localhost.example/v1", "cloud"),
    ],
)
def test_an_address_has_its_place(address: str, place: Place) -> None:
    """T33: an IP literal says it, `localhost` is mapped, and any other name counts as cloud."""
    one = provider("one", "openai_chat", address)

    assert provider_place(one, Listing()) == place


def test_a_name_that_was_looked_up_has_the_place_found_but_never_this_machine() -> None:
    """A name for this machine's own address is lan too: offline could not look it up again."""
    one = provider("one", "openai_chat", "https://box.home/v1")

    assert provider_place(one, Listing(place="lan")) == "lan"
    assert provider_place(one, Listing(place="machine")) == "lan"
    assert provider_place(one, Listing(place="cloud")) == "cloud"


@pytest.mark.parametrize("claimed", ["machine", "lan"])
def test_config_cannot_bring_an_address_nearer(claimed: Place) -> None:
    """G2: whatever `place` says, a public address stays cloud."""
    one = provider("one", "openai_chat", "https://1.1.1.1/v1", place=claimed)

    assert provider_place(one, Listing()) == "cloud"


def test_config_can_move_a_tunnel_into_the_cloud() -> None:
    """A local port that leads to a cloud is cloud if the user says so."""
    one = provider("one", "openai_chat", "http://127.0.0.1:9999/v1", place="cloud")

    assert provider_place(one, Listing()) == "cloud"


def test_a_proxy_takes_answers_to_where_it_is() -> None:
    """T32: what goes by a proxy in the cloud has been there; a provider on this machine never goes by a proxy."""
    proxy = TcpAddress("http", "proxy.example", 3128)
    near = provider("near", "openai_chat", "http://192.168.1.20/v1", proxy=proxy)
    here = provider("here", "openai_chat", "http://127.0.0.1/v1", proxy=proxy)

    assert provider_place(near, Listing()) == "cloud"
    assert provider_place(here, Listing()) == "machine"


@pytest.mark.parametrize("name", ["gpt-oss:120b-cloud", "x:Cloud", "ns/x:8b:cloud", " x:cloud ", "x:8B-CLOUD"])
def test_names_that_ollama_forwards_are_known(name: str) -> None:
    """T31: the tag says it, in any case."""
    assert is_remote_name(name)


@pytest.mark.parametrize("name", ["foo-cloud", "cloud", "qwen3:8b", "x:cloudy", "x:local", "a:b/c-cloud", ""])
def test_names_that_only_look_like_it_are_local(name: str) -> None:
    """T31: `foo-cloud` has no tag, so it is an ordinary name."""
    assert not is_remote_name(name)


def test_a_remote_model_is_in_the_cloud() -> None:
    """T31: by its suffix, or by the `remote_host` that nothing in the name shows."""
    by_name = make_target(ollama(), Listing(), "gpt-oss:120b-cloud", None)
    by_host = make_target(ollama(), Listing(), "innocent", ModelInfo("innocent", remote_host="https://ollama.com:443"))

    assert (by_name.remote, by_name.place) == (True, "cloud")
    assert (by_host.remote, by_host.place) == (True, "cloud")


def test_a_target_carries_what_the_user_pinned() -> None:
    """Pins are found by any spelling of an Ollama name; the provider's defaults lie under the model's."""
    pins = ModelSettings(num_ctx=8192, keep_alive="10m", defaults={"top_k": 5})
    one = ollama(models={"Nomic": pins}, defaults={"top_k": 1, "seed": 7})

    target = make_target(one, Listing(), "nomic:latest", ModelInfo("nomic:latest", window=4096, loaded_window=2048))

    assert (target.pins.num_ctx, target.pins.keep_alive) == (8192, "10m")
    assert target.settings.defaults == {"top_k": 5, "seed": 7}
    assert target.usable_window == 4096


def test_without_a_pin_the_loaded_window_is_the_one_that_counts() -> None:
    """What the engine has loaded is what a call gets; not loaded, the trained window is all that is known."""
    loaded = make_target(ollama(), Listing(), "a", ModelInfo("a", window=40960, loaded_window=4096))
    cold = make_target(ollama(), Listing(), "a", ModelInfo("a", window=40960))

    assert (loaded.usable_window, loaded.loaded) == (4096, True)
    assert (cold.usable_window, cold.loaded) == (40960, False)


def test_spellings_of_one_ollama_model_are_one() -> None:
    """`m` and `m:latest` are one name, in any case; other tags are not."""
    assert same_name("Qwen3") == same_name("qwen3:latest")
    assert same_name("qwen3:8b") != same_name("qwen3")
