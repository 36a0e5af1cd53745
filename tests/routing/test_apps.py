"""Which app is calling."""

from hearth.routing.apps import Apps
from hearth_config.settings import App, Match


def app(**parts: str) -> App:
    return App(match=Match(**parts))


def test_the_first_app_whose_match_holds_is_it() -> None:
    """Order is the file's; a User-Agent is matched by a glob, in any case."""
    apps = Apps({"zed": app(user_agent="Zed/*"), "any": app(user_agent="*")})

    assert apps.match("zed/0.150 (linux)") == "zed"
    assert apps.match("curl/8") == "any"


def test_every_part_that_is_given_must_hold() -> None:
    """A User-Agent alone does not make the caller the program it claims to be."""
    apps = Apps({"zed": app(user_agent="Zed/*", process="zed*")})

    assert apps.match("Zed/1", "zed-editor") == "zed"
    assert apps.match("Zed/1", "curl") == ""
    assert apps.match("Zed/1") == ""
    assert apps.match("curl", "zed") == ""


def test_an_app_is_known_by_its_token() -> None:
    """Which token was shown is found out elsewhere; a wrong one is nobody's."""
    apps = Apps({"bot": app(token="env:BOT")})

    assert apps.match("", tokens={"bot"}) == "bot"
    assert apps.match("", tokens={"other"}) == ""


def test_windows_programs_are_named_without_their_ending() -> None:
    """`process = "zed"` holds for zed.exe."""
    assert Apps({"zed": app(process="zed")}).match("", "Zed.exe") == "zed"


def test_process_names_are_sought_only_where_they_decide() -> None:
    """Not without an app that needs one, and not when an earlier app holds or its other parts fail."""
    without = Apps({"zed": app(user_agent="Zed/*")})
    apps = Apps({"zed": app(user_agent="Zed/*"), "code": app(user_agent="Code/*", process="code")})

    assert not without.needs_process
    assert not without.asks_process("Zed/1")
    assert apps.needs_process
    assert not apps.asks_process("Zed/1")
    assert apps.asks_process("Code/1")
    assert not apps.asks_process("curl/8")


def test_without_apps_nobody_is_in_particular() -> None:
    """The usual case."""
    assert Apps({}).match("anything", "at all") == ""
