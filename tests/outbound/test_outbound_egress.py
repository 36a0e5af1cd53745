"""May it leave: what each mode lets out, to which addresses and names, and how it is counted."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.call import MODES, Mode, Place
from hearth.outbound.egress import Egress
from hearth.problems import Forbidden
from hearth_config.addresses import place_of

PLACES: tuple[Place, ...] = ("machine", "lan", "cloud")
ALLOWED = {"offline": PLACES[:1], "lan": PLACES[:2], "prefer-local": PLACES, "any": PLACES}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("place", PLACES)
def test_a_mode_lets_out_to_its_places_only(mode: Mode, place: Place) -> None:
    """T33: offline is this machine, lan adds your own network, the others add the cloud."""
    egress = Egress(mode)

    if place in ALLOWED[mode]:
        egress.allow(place, "h")
    else:
        with pytest.raises(Forbidden, match=f"mode {mode}: h is"):
            egress.allow(place, "h", "box")

    assert egress.allows(place) == (place in ALLOWED[mode])


@pytest.mark.parametrize(
    ("mode", "host", "allowed"),
    [
        ("offline", "nas.home", False),
        ("offline", "elsewhere.com", False),
        ("lan", "nas.home", True),
        ("lan", "elsewhere.com", False),
        ("prefer-local", "elsewhere.com", True),
        ("any", "elsewhere.com", True),
    ],
)
def test_names_are_looked_up_only_where_the_mode_says(mode: Mode, host: str, allowed: bool) -> None:
    """T33: a lookup leaves the machine too: never offline, in lan only for a configured provider."""
    egress = Egress(mode, names=["nas.home"])

    if allowed:
        egress.allow_lookup(host)
    else:
        with pytest.raises(Forbidden, match=f"the name {host}"):
            egress.allow_lookup(host)


@pytest.mark.parametrize(
    ("ip", "place"),
    [
        ("127.0.0.1", "machine"),
        ("127.8.9.1", "machine"),
        ("::1", "machine"),
        ("::ffff:127.0.0.1", "machine"),
        ("192.168.1.20", "lan"),
        ("169.254.169.254", "lan"),
        ("fe80::1", "lan"),
        ("::ffff:10.0.0.1", "lan"),
        ("100.64.0.1", "cloud"),
        ("8.8.8.8", "cloud"),
        ("::ffff:8.8.8.8", "cloud"),
        ("64:ff9b::7f00:1", "cloud"),
        ("2002:7f00:1::", "cloud"),
        ("::7f00:1", "cloud"),
    ],
)
def test_an_address_may_be_nearer_than_planned_but_never_farther(ip: str, place: Place) -> None:
    """T33: a name that was planned as near and turns out to be far is refused before anything is sent."""
    egress = Egress("any")

    for planned in PLACES:
        if PLACES.index(place) <= PLACES.index(planned):
            assert egress.check_dial(ip, planned) == place
        else:
            with pytest.raises(Forbidden, match="nothing was sent"):
                egress.check_dial(ip, planned)


@given(ip=st.ip_addresses(), planned=st.sampled_from(PLACES))
def test_offline_no_address_but_loopback_passes(ip: object, planned: Place) -> None:
    """T30, T33: whatever was planned, offline the kernel is given loopback addresses only."""
    text = str(ip)
    egress = Egress("offline")

    if place_of(text) == "machine":
        assert egress.check_dial(text, planned) == "machine"
    else:
        with pytest.raises(Forbidden, match="mode offline"):
            egress.check_dial(text, planned)


def test_contacts_are_counted_across_modes() -> None:
    """`hearth status` shows every address that was dialled since start, how often, first and last."""
    egress = Egress("any")
    before = time.time()

    egress.contacts.note("10.0.0.1:80", "lan")
    egress.at("offline").contacts.note("10.0.0.1:80", "lan")

    contact = egress.contacts.by_address["10.0.0.1:80"]
    assert (contact.place, contact.count) == ("lan", 2)
    assert before <= contact.first <= contact.last <= time.time()


def test_a_changed_mode_keeps_the_configured_names() -> None:
    """`at` changes the mode, and the names only when it is given some."""
    egress = Egress("any", names=["a"])

    assert egress.at("lan").names == {"a"}
    assert egress.at("lan", ["b"]).names == {"b"}
