"""Touches become wishes, files say what is bound, and OSC takes no orders from strangers."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biofeedback.common.clock import run_virtual
from biofeedback.common.errors import CommandError, ConfigError
from biofeedback.controllers import build
from biofeedback.controllers.bindings import ACTIONS, Binding, find, path_of, read, write
from biofeedback.controllers.build import check
from biofeedback.controllers.command_mapper import CommandMapper, MappedCommand, Throttle
from biofeedback.controllers.midi_events import MidiControl, touch_of
from biofeedback.controllers.midi_input import parse
from biofeedback.controllers.osc_controller import OscController, command_of
from biofeedback.engine.command_validation import check as check_command
from biofeedback.engine.inputs import Command
from biofeedback.runtime.prompts import Prompts
from sensors.errors import PacketError
from sensors.network.osc_packet import decode
from synth.errors import OutputUnavailable
from synth.outputs.osc import encode
from synth.params import Mode


def asked(bindings, *messages) -> list[tuple[str, str]]:
    wishes, found, held = CommandMapper(bindings), [], False
    for touch in (touch for message in messages if (touch := touch_of(message))):
        for wanted in wishes.touched(touch, held):
            found.append((wanted.what, wanted.value))
            held = wanted.what == "hold" or (held and wanted.what != "resume")
    return found


@pytest.mark.parametrize(
    ("message", "control", "value"),
    [
        ((0xB0, 20, 127), MidiControl("cc", 1, 20), 1.0),
        ((0x9F, 60, 127), MidiControl("note", 16, 60), 1.0),
        ((0x90, 60, 0), MidiControl("note", 1, 60), 0.0),
        ((0x80, 60, 64), MidiControl("note", 1, 60), 0.0),
        ((0xE1, 127, 127), MidiControl("bend", 2, 0), 1.0),
        ((0xC0, 5), MidiControl("program", 1, 5), 1.0),
    ],
)
def test_messages_are_touches(message, control, value) -> None:
    assert touch_of(message) == (control, value)


@given(st.lists(st.integers(0, 255), min_size=1, max_size=4))
def test_no_message_breaks_it(message) -> None:
    touch = touch_of(message)
    assert touch is None or 0.0 <= touch.value <= 2.1  # bytes beyond 127 are not MIDI


def test_a_knob_asks_within_its_ends_and_only_on_its_channel() -> None:
    tempo = Binding(action="tempo", cc=1, low=50, high=90)
    assert asked([tempo], (0xB0, 1, 0), (0xB0, 1, 127), (0xB1, 1, 64), (0xB0, 2, 64)) == [
        ("override", "tempo_bpm=50.0 for 300"),
        ("override", "tempo_bpm=90.0 for 300"),
    ]


def test_a_button_acts_when_pressed_and_hold_alternates() -> None:
    hold = Binding(action="hold", cc=9)
    presses = ((0xB0, 9, 127), (0xB0, 9, 100), (0xB0, 9, 0), (0xB0, 9, 127))
    assert asked([hold], *presses) == [("hold", ""), ("resume", "hold")]
    stop = Binding(action="stop", program=3)
    assert asked([stop], (0xC0, 3), (0xC0, 3), (0xC0, 4)) == [("stop", ""), ("stop", "")]


def test_a_keyboard_sets_the_tonic_and_a_knob_goes_round_by_fifths() -> None:
    keyboard = Binding(action="key", any_note=True, mode=Mode.DORIAN)
    assert asked([keyboard], (0x90, 62, 9), (0x90, 67, 9)) == [
        ("override", "key=D dorian for 300"),
        ("override", "key=G dorian for 300"),
    ]
    knob = Binding(action="key", cc=1, for_s=60)
    values = [asked([knob], (0xB0, 1, v))[0][1].split()[0] for v in range(0, 128)]
    names = list(dict.fromkeys(values))
    assert len(names) == 12
    assert names[5:7] == ["key=C", "key=G"]


@given(st.sampled_from(list(ACTIONS)), st.integers(0, 127))
def test_whatever_is_learned_is_granted(action, value) -> None:
    binding = Binding.of(action, MidiControl("cc", 3, 7))
    for what, text in asked([binding], (0xB2, 7, value)):
        check_command(Command("midi:x", what, text))


def test_what_was_learned_is_found_by_a_part_of_the_ports_name(tmp_path: Path) -> None:
    bindings = (Binding(action="tempo", cc=1), Binding(action="key", any_note=True, channel=4))
    path = path_of('Prüf "X": MIDI 1 28:0', tmp_path / "controls")
    write(path, 'Prüf "X": MIDI 1', bindings)
    assert find('prüf "x": midi 1 31:0', path.parent) == path
    assert read(path) == bindings
    with pytest.raises(OutputUnavailable, match="no learned controller 'y'") as caught:
        find("y", path.parent)
    assert "midi-learn" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[binding]]\naction = 'sing'\ncc = 1", "action"),
        ("[[binding]]\naction = 'tempo'\ncc = 128", "cc"),
        ("[[binding]]\naction = 'tempo'\nchannel = 17\ncc = 1", "channel"),
        ("[[binding]]\naction = 'tempo'", "name one of"),
        ("[[binding]]\naction = 'tempo'\ncc = 1\nnote = 2", "name one of"),
        ("[[binding]]\naction = 'tempo'\nany_note = true", "any_note"),
        ("[[binding]\n", "cannot be read"),
        ("title = 'x'", "binds nothing"),
    ],
)
def test_a_wrong_file_is_named_with_its_key(tmp_path: Path, text, said) -> None:
    path = tmp_path / "x.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=said) as caught:
        read(path)
    assert str(path) in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("uri", ["midi:", "audio:x", "9001", "usb:1"])
def test_what_is_no_input_is_refused(uri) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(uri)
    assert "midi:PORT" in caught.value.hint
    with pytest.raises((ConfigError, OutputUnavailable)):
        check([uri], "")


@pytest.mark.parametrize(
    ("address", "arguments", "command"),
    [
        ("/biofeedback/tempo", [72.0], ("override", "tempo_bpm=72")),
        ("/biofeedback/density", [1.5, 30], ("override", "density=1.5 for 30")),
        ("/biofeedback/key", ["F# aeolian"], ("override", "key=F# aeolian")),
        ("/biofeedback/volume", [0.25], ("volume", "0.25")),
        ("/biofeedback/marker", ["bell"], ("marker", "bell")),
        ("/biofeedback/release", [], ("release", "")),
        ("/biofeedback/hold", [], ("hold", "")),
        ("/biofeedback/resume", [1], ("resume", "hold")),
        ("/biofeedback/go_on", [1], ("resume", "")),
        ("/biofeedback/stop", [1], ("stop", "")),
        ("/biofeedback/stop", [0], None),
        ("/biofeedback/tempo", [], None),
        ("/biofeedback/tempo", [72.0, None], None),
        ("/biofeedback/stop", [None], None),
        ("/biofeedback/sing", [1], None),
        ("/other/tempo", [72.0], None),
    ],
)
def test_addresses_are_commands(address, arguments, command) -> None:
    assert command_of(address, arguments) == command


@given(st.binary(max_size=64))
def test_any_datagram_is_read_or_refused(data) -> None:
    try:
        messages = decode(data)
    except PacketError:
        return
    for address, arguments in messages:
        command_of(address, arguments)


def test_messages_come_back_as_they_were() -> None:
    arguments = ["D dorian", 3, 0.5]
    assert decode(encode("/a/b", arguments)) == [("/a/b", arguments)]


def test_nothing_listens_to_other_computers_without_a_token() -> None:
    for target in ("9000", "127.0.0.1:9000", "[::1]:9000", "localhost:9000"):
        OscController.parse(target)
    for target in ("0.0.0.0:9000", "192.168.1.5:9000", "studio:9000"):
        with pytest.raises(ConfigError, match="anybody") as caught:
            OscController.parse(target)
        assert "token" in caught.value.hint
        OscController.parse(f"{target}?token=eight-long")
    with pytest.raises(ConfigError, match="no option"):
        OscController.parse("9000?token=short")


class Desk:
    """Writes down what it is asked, and refuses volumes."""

    questions: Prompts | None = None
    held = False

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []

    def command(self, who, what, value="") -> None:
        if what == "volume":
            raise CommandError("no", hint="")
        self.asked.append((who, what, value))

    def silence(self, who) -> None:
        raise AssertionError

    def follow(self, clock) -> None:
        raise AssertionError


async def told(token: str, *packets: bytes) -> tuple[Desk, int]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    desk, osc = Desk(), OscController("127.0.0.1", port, token)
    await osc.open()
    running = asyncio.create_task(osc.run(desk))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for packet in packets:
            sender.sendto(packet, ("127.0.0.1", port))
    async with asyncio.timeout(5.0):
        while len(desk.asked) + osc.refused < len(packets):  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.01)
    running.cancel()
    await osc.close()
    return desk, osc.refused


def test_what_the_listener_is_asked_goes_out_and_the_answer_comes_in() -> None:
    async def body() -> tuple[list, Desk]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as tablet:
            tablet.bind(("127.0.0.1", 0))
            tablet.settimeout(5.0)
            osc = OscController("127.0.0.1", 0, ask=tablet.getsockname())
            await osc.open()
            desk = Desk()
            desk.questions = Prompts()
            tasks = [asyncio.create_task(osc.run(desk)), asyncio.create_task(desk.questions.ask())]
            heard = []
            for value in (7, 2):
                packet, sender = await asyncio.to_thread(tablet.recvfrom, 1024)
                ((address, arguments),) = decode(packet)
                heard.append((address, *arguments[:3]))
                rating = f"{arguments[0]}={value}"
                tablet.sendto(encode("/biofeedback/rating", [rating]), sender)
                desk.questions.answered(rating)  # as a session does
            await tasks[1]
            while len(desk.asked) < 2:  # noqa: ASYNC110 - no event tells
                await asyncio.sleep(0.01)
            tasks[0].cancel()
            await osc.close()
            return heard, desk

    heard, desk = asyncio.run(body())
    assert heard == [("/biofeedback/ask", "arousal", 1, 9), ("/biofeedback/ask", "valence", 1, 9)]
    assert [value for _, _, value in desk.asked] == ["arousal=7", "valence=2"]


def test_only_who_knows_the_token_is_heard() -> None:
    desk, refused = asyncio.run(
        told(
            "open sesame",
            encode("/biofeedback/marker", ["open sesame", "here"]),
            encode("/biofeedback/marker", ["open sesamo", "there"]),
            encode("/biofeedback/stop"),
            encode("/biofeedback/volume", ["open sesame", 0.5]),
            b"junk",
        )
    )
    assert desk.asked == [("osc:127.0.0.1", "marker", "here")]
    assert refused == 4


def test_a_slider_that_floods_the_session_is_heard_ten_times_a_second() -> None:
    desk = Desk()
    pace = Throttle(desk)
    for k in range(1000):
        pace.put("osc:x", MappedCommand("override", f"density={k}", False, "density"))
        pace.put("osc:x", MappedCommand("override", f"register={k}", False, "register"))
        pace.flush(k * 0.001)
    assert len(desk.asked) == pytest.approx(20, abs=2)
    pace.flush(5.0)
    assert [value for _, _, value in desk.asked[-2:]] == ["density=999", "register=999"]
    assert not pace.waits


def test_a_port_that_is_taken_is_one_clear_line() -> None:
    async def twice() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind(("127.0.0.1", 0))
            await OscController("127.0.0.1", taken.getsockname()[1]).open()

    with pytest.raises(OutputUnavailable, match="nothing can be received") as caught:
        asyncio.run(twice())
    assert "Another program" in caught.value.hint


def test_an_end_while_one_surface_closes_leaves_no_other_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed: list[str] = []

    class Slow:
        def __init__(self, name: str) -> None:
            self.name = name

        async def open(self) -> None: ...

        async def close(self) -> None:
            await asyncio.sleep(1.0)
            closed.append(self.name)

    monkeypatch.setattr(build, "_surface", lambda uri, now_s: Slow(uri))

    async def play() -> None:
        async with build.opened(["a", "b", "c"], "", lambda: 0.0):
            pass

    async def scenario() -> None:
        playing = asyncio.create_task(play())
        await asyncio.sleep(0.5)
        playing.cancel()
        await asyncio.wait({playing})

    run_virtual(scenario)
    assert sorted(closed) == ["a", "b", "c"]
