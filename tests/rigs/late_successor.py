"""A player that dies or freezes as the music is stopped, and whose successor comes late."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from rigs.stops import JackDevice

__all__ = ["WAYS", "Trial", "trial"]

#: What becomes of the player.
WAYS = ("SIGSTOP", "SIGKILL")
_LEAD_S = 0.1  #: before the stop
_PATIENCE_S = 60.0
_WARNING = "notes may hang"

#: Runs at the start of each Python. A player that comes late says when it was up: when the first
#: of its messages went out.
_LATECOMER = """
import os, sys, time
if "synth.player" in sys.orig_argv and os.path.exists({delay!r}):
    time.sleep(float(open({delay!r}).read()))
    from synth.outputs import rtmidi_binding
    opened = rtmidi_binding.open_port
    def open_port(name):
        port = opened(name)
        with open({up!r}, "a") as up:
            up.write(f"{{time.monotonic()}}\\n")
        return port
    rtmidi_binding.open_port = open_port
"""


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of the notes; times in s from the stop, None for what never came."""

    held: int  #: notes that sounded when the player went
    stuck: int  #: notes that sound when the command has ended
    told_s: float | None  #: when the screen said that notes may hang
    up_s: float | None  #: when the successor was up
    silent_s: float | None  #: when nothing sounded any more
    begun_after: int  #: notes that began after the stop
    said: str

    @property
    def good(self) -> bool:
        """Whether nothing hangs a second after the successor came, and the screen had said so."""
        if self.told_s is None or self.up_s is None or self.silent_s is None:
            return False
        silent = self.silent_s <= self.up_s + 1.0 and not self.stuck and not self.begun_after
        return silent and self.told_s < self.up_s


def trial(way: str, delay_s: float, seed: int, folder: Path) -> Trial:
    """Play on a port, let the player go `way` when something sounds, and stop 0.1 s later."""
    rng, pause = random.Random(f"{way}/{seed}"), threading.Event()
    folder.mkdir(parents=True)
    delay, up = folder / "delay", folder / "up"
    (folder / "sitecustomize.py").write_text(_LATECOMER.format(delay=str(delay), up=str(up)))
    device = JackDevice(folder / f"Synth {seed}")
    command = [sys.executable, "-m", "biofeedback", "run", "-s", "sim:", "--seed", str(seed)]
    child = subprocess.Popen(
        [*command, "-o", f"midi:Synth {seed}", "--style", "ambient", "--out", str(folder / "out")],
        env=os.environ | {"PYTHONPATH": str(folder), "HOME": str(folder)},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    said: list[tuple[float, str]] = []
    reading = threading.Thread(target=_read, args=(child, said))
    reading.start()
    try:
        device.wait(lambda: device.begun >= 3)
        pause.wait(rng.uniform(0.0, 1.0))
        device.wait(lambda: device.held)
        delay.write_text(f"{delay_s}")
        os.kill(_player_of(child.pid), signal.Signals[way])
        pause.wait(_LEAD_S)
        device.read()
        held, begun, stop_s = len(device.held), device.begun, time.monotonic()
        child.send_signal(signal.SIGINT)
        silent_s = None
        while child.poll() is None and time.monotonic() < stop_s + _PATIENCE_S:
            if any(text.startswith("log ") for _, text in said):
                break  # the music is over; its report is not waited for
            device.read()
            if silent_s is None and not device.held:
                silent_s = time.monotonic() - stop_s
            pause.wait(0.01)
        device.read()
        told = [at_s - stop_s for at_s, text in said if _WARNING in text]
        arrived = [float(text) - stop_s for text in up.read_text().split()] if up.exists() else []
        return Trial(
            held, len(device.held), min(told, default=None), min(arrived, default=None), silent_s,
            device.begun - begun, "".join(text for _, text in said),
        )  # fmt: skip
    finally:
        child.kill()
        child.wait()
        reading.join()
        device.unplug()


def _read(child: subprocess.Popen[str], said: list[tuple[float, str]]) -> None:
    assert child.stdout is not None
    with child.stdout:
        for line in child.stdout:
            said.append((time.monotonic(), line))


def _player_of(parent: int) -> int:
    for task in Path(f"/proc/{parent}/task").iterdir():
        for number in (task / "children").read_text().split():
            if b"synth.player" in Path(f"/proc/{number}/cmdline").read_bytes():
                return int(number)
    raise AssertionError("no player runs")
