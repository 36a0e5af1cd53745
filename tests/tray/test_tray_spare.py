"""What the tray leaves out of memory, and leaves as it was for others."""

import subprocess
import sys

from hearth_tray.spare import without_gl


def test_programs_that_the_tray_starts_may_use_the_graphics_card() -> None:
    """GTK is told to leave OpenGL alone only while it starts; a browser inherits nothing of that."""
    environ = {"LANG": "C"}

    with without_gl(environ):
        during = dict(environ)

    assert during == {"LANG": "C", "GDK_GL": "disable"}
    assert environ == {"LANG": "C"}


def test_what_the_user_said_of_gl_stays() -> None:
    """Somebody who needs it another way has set the variable for good."""
    environ = {"GDK_GL": "always"}

    with without_gl(environ):
        assert environ == {"GDK_GL": "always"}

    assert environ == {"GDK_GL": "always"}


def test_the_client_works_without_the_command_of_httpx() -> None:
    """The terminal's libraries stay out of the tray, and httpx does all that the tray asks of it."""
    program = (
        "import sys; from hearth_tray.spare import skip_the_terminal; skip_the_terminal(); import httpx;"
        "httpx.Client(transport=httpx.HTTPTransport(uds='/nowhere')).close();"
        "print(sorted({'rich', 'pygments'} & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
