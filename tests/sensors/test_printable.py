"""What others named reaches screens, pages and logs as text that nothing obeys."""

import io
import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biofeedback.cli import console
from biofeedback.cli.terminal import Terminal
from biofeedback.runtime.sanitizer import Sanitizer
from sensors.base import SensorStatus
from sensors.codecs.device_information import device_text
from sensors.errors import SensorNotFound
from sensors.printable import LONGEST_NAME, printable

#: Names as devices, ports, streams and files could have them, and how they are shown.
NAMES = {
    "\x1b]0;title\x07\x1b[31mRed\x1b[0m": "Red",
    "\x9b2Jclear\x9d52;c;x\x9c": "clear",
    "\x1bP1;1|x\x1b\\sixel": "sixel",
    "one\r\ntwo\x85three\u2028four": "one two three four",
    "  HW9 \t ": "HW9",
    "abc\u202ecba\u2066x\u200b": "abccbax",
    "Cafe\u0301": "Café",
    "half \ud83d": "half",
    "\x00\x07": "",
    "Gürtel ♥": "Gürtel ♥",
    "e" + "\u0301" * 50: "é\u0301\u0301",
}
HOSTILE = st.text(
    st.one_of(
        st.characters(), st.sampled_from("\x1b\x9b[]m;\\\x07\n\r\u202e\u0301'\"$`&<>!#")
    ),
    max_size=80,
)  # fmt: skip


@pytest.mark.parametrize(("name", "shown"), NAMES.items(), ids=ascii)
def test_a_name_is_one_short_line_of_visible_text(name: str, shown: str) -> None:
    assert printable(name) == shown


@given(HOSTILE)
def test_whatever_is_shown_is_visible_and_stays_as_it_is(name: str) -> None:
    shown = printable(name, LONGEST_NAME)
    assert shown.isprintable()
    assert len(shown) <= LONGEST_NAME
    assert shown == shown.strip()
    assert printable(shown, LONGEST_NAME) == shown


@given(HOSTILE)
def test_an_error_about_it_is_one_line(name: str) -> None:
    error = SensorNotFound(f"there is no {name}", hint=f"Try {name}")
    assert str(error).isprintable()
    assert error.hint.isprintable()


@given(HOSTILE)
def test_what_a_sensor_says_enters_a_session_clean(name: str) -> None:
    status = Sanitizer().clean(SensorStatus(name, 1.0, "streaming", detail=name), 0)
    assert isinstance(status, SensorStatus)
    assert status.source.isprintable()
    assert status.detail.isprintable()


@given(HOSTILE)
def test_no_name_steers_the_terminal(name: str) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table()
    table.add_row(console.escape(name))
    for thing in (Text(name), table, console.escape(name)):
        terminal = Terminal(file=io.StringIO(), force_terminal=True, color_system=None, width=200)
        terminal.print(thing)
        assert isinstance(terminal.file, io.StringIO)
        assert terminal.file.getvalue().replace("\n", "").isprintable()


def test_styles_of_our_own_still_colour() -> None:
    terminal = Terminal(file=io.StringIO(), force_terminal=True, color_system="standard")
    terminal.print("[red]x[/]")
    assert isinstance(terminal.file, io.StringIO)
    assert "\x1b[31mx" in terminal.file.getvalue()


@pytest.mark.rig
def test_a_shell_takes_a_command_as_it_was_meant() -> None:
    names = [*NAMES, "$(touch owned)", "`id`", "a'b", 'a"b; rm -r x', "!x #y & z | w > v", "50%"]
    offered = [console.command("run", "--sensor", f"ble:{name}") for name in names]
    assert [shlex.split(line)[-1] for line in offered] == [printable(f"ble:{n}") for n in names]
    (line,) = (line for line in offered if "touch" in line)
    said = subprocess.run(
        ["sh", "-c", f"biofeedback() {{ printf %s \"$3\"; }}; {line}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert said.stdout == "ble:$(touch owned)"


def test_a_device_that_names_its_maker_with_escapes_is_shown_without() -> None:
    assert device_text(b"\x1b[2JAcme\xff\xfe\x00rest") == "Acme"
