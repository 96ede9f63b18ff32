"""Single keys of the terminal as commands to a session."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TextIO

from biofeedback.common.stop_switch import StopSwitch
from biofeedback.runtime.prompts import Prompts
from biofeedback.runtime.session import Session
from synth.params import TEMPO_RANGE_BPM

__all__ = ["GO_ON", "HELP", "Controls", "Keyboard", "listening"]

#: Each key with what it does, in the order in which they are shown.
HELP = (
    ("m", "marker"),
    ("space", "hold"),
    ("+ -", "volume"),
    ("t T", "slower, faster"),
    ("r 0-9", "how relaxed"),
    ("d", "I feel unwell"),
    ("p", "panic"),
    ("q", "stop"),
)

#: The key that is of use while a stop rule holds the music back.
GO_ON = ("g", "go on")

_VOLUME_STEP = 0.05
_TEMPO_STEP_BPM = 4.0
_UNWELL = 9  #: of 10, the distress that one key stands for: the music backs off


class Controls:
    """Gives a session the commands that keys stand for; other keys mean nothing.

    `said` is what the last key did.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._markers = 0
        self._rates = False  # the next digit is a rating
        self._tempo_bpm: float | None = None
        self.said = ""

    def press(self, key: str) -> None:
        """Do what a key, one character, stands for."""
        rates, self._rates = self._rates, False
        asked = self._session.questions
        digit = key in "0123456789"  # other digits, such as a raised two, are none of ours
        if not rates and asked is not None and digit and self._answers(asked, int(key)):
            return
        match key:
            case _ if rates and digit:
                self._session.command("key", "rating", f"relaxation={key}")
                self.said = f"Relaxation {key} of 10 is noted."
            case "r" | "R":
                self._rates = True
                self.said = "How relaxed are you, 0 to 9?"
            case "d" | "D":
                self._session.command("key", "adverse", "felt unwell")
                self._session.command("key", "rating", f"distress={_UNWELL}")
                self.said = "The music backs off. g goes on."
            case "t":
                self._hurry(-_TEMPO_STEP_BPM)
            case "T":
                self._hurry(_TEMPO_STEP_BPM)
            case "m" | "M":
                self._markers += 1
                self._session.command("key", "marker", f"marker {self._markers}")
                self.said = f"Marker {self._markers} is set."
            case " ":
                self._hold_or_follow()
            case "g" | "G" if self._session.held_back:
                self._session.command("key", "resume")
                self.said = "The music follows again."
            case "g" | "G":
                self.said = "No stop rule holds the music back."
            case "+" | "=":
                self._turn(_VOLUME_STEP)
            case "-" | "_":
                self._turn(-_VOLUME_STEP)
            case "p" | "P":
                self._session.command("key", "panic")
                self.said = "Silenced all that sounded."
            case "q" | "Q" if not self._session.stop.pressed:
                self._session.command("key", "stop")
                self.said = "The music comes to its end. Another q stops at once."
            case "q" | "Q":
                self._session.command("key", "stop")
                self.said = "Stopped."
            case _:
                pass

    def _hold_or_follow(self) -> None:
        """Do whichever the music does not do now, whoever asked for that; no stop ends by it."""
        holds = not self._session.held
        self._session.command("key", "hold" if holds else "resume", "" if holds else "hold")
        if self._session.held_back:
            self.said = f"{'Held' if holds else 'No longer held'}. The stop stays; g goes on."
        else:
            self.said = "The music holds." if holds else "The music follows again."

    def _answers(self, asked: Prompts, number: int) -> bool:
        """Take a digit as the answer to what is asked; return whether anything is."""
        question = asked.now
        if question is None:
            return False
        if question.low <= number <= question.high:
            self._session.command("key", "rating", f"{question.scale}={number}")
            self.said = f"{question.scale.capitalize()} {number} of {question.high} is noted."
        else:
            asked.skip()
            self.said = f"No answer about {question.scale}."
        return True

    def _hurry(self, step_bpm: float) -> None:
        """Ask for another tempo, a step from the one asked for last or from what sounds."""
        now_bpm = self._tempo_bpm or self._session.tempo_bpm
        if now_bpm is None:
            return
        low, high = TEMPO_RANGE_BPM
        self._tempo_bpm = min(high, max(low, round(now_bpm + step_bpm)))
        self._session.command("key", "override", f"tempo_bpm={self._tempo_bpm:g}")
        self.said = f"Tempo {self._tempo_bpm:g} for five minutes."

    def _turn(self, step: float) -> None:
        volume = round(min(1.0, max(0.0, self._session.volume + step)), 2)
        if volume != self._session.volume:
            self._session.command("key", "volume", f"{volume:.2f}")
        self.said = f"Volume {volume:.2f}."


class Keyboard:
    """The keys of the terminal from before there is a session, when q alone means something."""

    def __init__(self) -> None:
        self._pressed: Callable[[str], None] | None = None
        self._there: bool | None = None  # whether there is a keyboard; None while nobody listens

    @contextmanager
    def opened(self, stop: StopSwitch) -> Iterator[None]:
        """Listen while the block runs; until somebody takes the keys, q stops."""

        def press(key: str) -> None:
            if self._pressed is not None:
                self._pressed(key)
            elif key in "qQ":
                stop.press(at_once=True)

        with listening(press) as self._there:
            yield
        self._there = None

    @contextmanager
    def given(self, pressed: Callable[[str], None], stop: StopSwitch) -> Iterator[bool]:
        """Let `pressed` have the keys in the block; yields whether there is a keyboard."""
        with self.opened(stop) if self._there is None else nullcontext():
            self._pressed = pressed
            try:
                yield bool(self._there)
            finally:
                self._pressed = None


@contextmanager
def listening(pressed: Callable[[str], None], stream: TextIO | None = None) -> Iterator[bool]:
    """Call `pressed` with each key on the running loop while the block runs.

    Yields whether there is a keyboard: a terminal in whose foreground we are. The terminal is as
    before afterwards, whatever happened. Ctrl-C stays an interrupt.
    """
    stream = sys.stdin if stream is None else stream
    if stream is None or stream.closed or not stream.isatty():
        yield False
        return
    with _reading(stream, pressed) as possible:
        yield possible


if sys.platform == "win32":
    import msvcrt
    import threading

    _POLL_S = 0.05

    @contextmanager
    def _reading(stream: TextIO, pressed: Callable[[str], None]) -> Iterator[bool]:
        loop, over = asyncio.get_running_loop(), threading.Event()

        def poll() -> None:
            while not over.wait(_POLL_S):
                while msvcrt.kbhit() and not over.is_set():
                    key = msvcrt.getwch()
                    if key in "\x00\xe0":  # the first half of a function or arrow key
                        msvcrt.getwch()
                    else:
                        loop.call_soon_threadsafe(pressed, key)

        thread = threading.Thread(target=poll, name="keys", daemon=True)
        thread.start()
        try:
            yield True
        finally:
            over.set()
            thread.join()

else:
    import termios
    import tty

    @contextmanager
    def _reading(stream: TextIO, pressed: Callable[[str], None]) -> Iterator[bool]:
        loop, file = asyncio.get_running_loop(), stream.fileno()
        if not _in_foreground(file):
            yield False
            return

        def read() -> None:
            try:
                data = os.read(file, 64)
            except OSError:  # the terminal was closed
                data = b""
            if not data:
                loop.remove_reader(file)
            elif not data.startswith(b"\x1b"):  # arrow and function keys
                for key in data.decode("utf-8", "ignore"):
                    pressed(key)

        before = termios.tcgetattr(file)
        try:
            tty.setcbreak(file, termios.TCSANOW)
            loop.add_reader(file, read)
            yield True
        finally:
            loop.remove_reader(file)
            termios.tcflush(file, termios.TCIFLUSH)  # late keys are not meant for the shell
            termios.tcsetattr(file, termios.TCSANOW, before)

    def _in_foreground(file: int) -> bool:
        """Return False where changing the terminal would stop us, as a job in the background."""
        try:
            return os.tcgetpgrp(file) == os.getpgrp()
        except OSError:  # not the terminal that controls us
            return True
