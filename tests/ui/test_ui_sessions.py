"""Links that work once and the cookies they are changed for, by themselves: no clock, no socket."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from hearth.server.ui.sessions import LINK_S, SESSION_S, Sessions, cookie_header

NOW = 1_750_000_000.0
HOST = ("Host", "127.0.0.1:11430")


def made(token: str = "hearth_admin") -> Sessions:
    sessions = Sessions()
    sessions.use(token)
    return sessions


def asking(sessions: Sessions, value: str, *more: tuple[str, str]) -> CIMultiDict[str]:
    return CIMultiDict([HOST, ("Cookie", f"other=1; {sessions.cookie}={value}"), *more])


def entered(sessions: Sessions) -> str:
    value = sessions.enter(sessions.link(NOW), NOW)
    assert value is not None
    return value


def test_a_link_works_once() -> None:
    """T20: the first use gives a cookie that signs in, the second gives nothing."""
    sessions = made()
    word = sessions.link(NOW)

    first, second = sessions.enter(word, NOW + 1), sessions.enter(word, NOW + 2)

    assert first is not None
    assert second is None
    assert sessions.signed_in(asking(sessions, first), NOW + 3)


def test_odd_cookies_of_other_servers_sign_nobody_out() -> None:
    """Browsers send the cookies of every port of this host: a notebook's or a shop's in development, JSON and all."""
    sessions = made()
    value = entered(sessions)
    odd = ('prefs={"a": 1, "b": "x y"}', "=nameless", "flag", 'half="open', f"{sessions.cookie}x=1")

    headers = CIMultiDict([HOST, ("Cookie", f"{'; '.join(odd)}; {sessions.cookie}={value}; last=[1, 2]")])

    assert sessions.signed_in(headers, NOW + 1)


def test_a_link_is_too_old_after_a_minute() -> None:
    """T20: a link that nobody opened within 60 seconds gives nothing, and neither does one that was never given."""
    sessions = made()
    word = sessions.link(NOW)

    assert LINK_S <= 60
    assert sessions.enter(word, NOW + LINK_S) is None
    assert sessions.enter("", NOW) is None
    assert sessions.enter("\udcff", NOW) is None


def test_only_so_many_links_wait() -> None:
    """Links nobody opens take no memory: the oldest is given up for the newest."""
    sessions = made()
    words = [sessions.link(NOW) for _ in range(100)]

    assert sessions.enter(words[0], NOW) is None
    assert sessions.enter(words[-1], NOW) is not None


def test_a_session_ends() -> None:
    """Half a day later, signed out, or with new tokens, the cookie is worth nothing; a restart does not matter."""
    sessions = made()
    value = entered(sessions)
    left = entered(sessions)
    sessions.leave(asking(sessions, left), NOW)

    assert made().signed_in(asking(sessions, value), NOW + 1), "a restart with the same tokens"
    assert not sessions.signed_in(asking(sessions, value), NOW + SESSION_S + 1)
    assert not sessions.signed_in(asking(sessions, left), NOW + 1)
    assert not made("hearth_new").signed_in(asking(sessions, value), NOW + 1)
    assert not Sessions().signed_in(asking(sessions, value), NOW + 1), "before there is a secret"


def test_two_hearths_share_no_session() -> None:
    """T20: cookies ignore ports, so each Hearth has a name and a signature of its own."""
    one, other = made("hearth_one"), made("hearth_other")
    value = entered(one)

    assert one.cookie != other.cookie
    assert not other.signed_in(asking(one, value), NOW)
    assert not other.signed_in(asking(other, value), NOW)


def test_a_page_of_another_origin_never_counts() -> None:
    """T5, T20: the cookie of a listed origin's page, of another port's or of another site's gives no order."""
    sessions = made()
    value = entered(sessions)
    ours = [
        (),
        (("Origin", "http://127.0.0.1:11430"),),
        (("Sec-Fetch-Site", "same-origin"),),
        (("Sec-Fetch-Site", "none"),),
    ]
    others = ["http://127.0.0.1:3000", "http://localhost:11430", "https://evil.example", "null", ""]

    assert all(sessions.signed_in(asking(sessions, value, *marks), NOW) for marks in ours)
    assert not any(sessions.signed_in(asking(sessions, value, ("Origin", origin)), NOW) for origin in others)
    assert not any(
        sessions.signed_in(asking(sessions, value, ("Sec-Fetch-Site", site)), NOW)
        for site in ("same-site", "cross-site")
    )


@given(position=st.integers(0, 200), letter=st.characters(codec="ascii", categories=("L", "N")), cut=st.integers(0, 40))
def test_a_cookie_that_was_touched_signs_nobody_in(position: int, letter: str, cut: int) -> None:
    """Any other letter, anywhere, or a missing end: not ours. A later expiry cannot be written by hand."""
    sessions = made()
    value = entered(sessions)
    at = position % len(value)
    touched = value[:at] + letter + value[at + 1 :]
    shorter = value[: len(value) - cut]

    assert sessions.signed_in(asking(sessions, touched), NOW) == (touched == value)
    assert sessions.signed_in(asking(sessions, shorter), NOW) == (shorter == value)


@given(st.text(max_size=200))
def test_no_cookie_header_breaks_it(text: str) -> None:
    """Whatever stands in the header: nobody is signed in, and nothing is raised."""
    assert not made().signed_in(CIMultiDict([HOST, ("Cookie", text)]), NOW)


def test_scripts_and_other_sites_do_not_get_the_cookie() -> None:
    """T20: HttpOnly, SameSite=Strict, for this host alone, and gone after half a day."""
    words = cookie_header("hearth_x", "value").split("; ")

    assert {"HttpOnly", "SameSite=Strict", "Path=/", f"Max-Age={int(SESSION_S)}"} <= set(words)
    assert not any(word.startswith("Domain") for word in words)
