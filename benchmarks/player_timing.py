"""How far from its time each MIDI note leaves: our player beside a mido loop, at the same time.

python benchmarks/player_timing.py [--seconds 20] [--load]

Sixteenth notes at 120 BPM. The error is the moment of the send less the due time, both on the
monotonic clock; the port is a stand-in, so that only the scheduling is judged. `--load` keeps every
core busy besides.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from synth.events import Note
from synth.output import NoteOn
from synth.outputs.null import NullOutput
from synth.params import Layer
from synth.player import process
from synth.player.remote import RemotePlayer
from synth.tempo_map import TempoSegment

BPM = 120.0
STEP_BEATS = 0.25
START_S = 1.0
ERRORS_FILE = "PLAYER_TIMING_ERRORS"


class TimedOutput(NullOutput):
    """Plays to nobody and keeps how late each note-on left."""

    def open(self, t0_s: float) -> None:
        """Begin a new list."""
        self.t0_s = t0_s
        self.errors: list[float] = []

    def send(self, event, due_s: float) -> None:
        """Note the time first."""
        now_s = time.monotonic() - self.t0_s
        super().send(event, due_s)
        if isinstance(event, NoteOn):
            self.errors.append(now_s - due_s)

    def close(self) -> None:
        """Leave the list in the file that the benchmark named."""
        Path(os.environ[ERRORS_FILE]).write_text(json.dumps(self.errors))


def serve_player() -> int:
    """Be the player process, with the timed output in place of a port."""
    process.build = lambda spec, midi_map: TimedOutput()
    return process.main()


def mido_loop(seconds: float) -> None:
    """Play with mido and absolute sleeps, as its users do."""
    import mido
    from mido.ports import BaseOutput

    class Nowhere(BaseOutput):
        def _send(self, message) -> None:
            message.bytes()

    port, errors = Nowhere(), []
    start = time.monotonic() + START_S
    for k in range(count(seconds)):
        due = start + k * STEP_BEATS * 60.0 / BPM
        time.sleep(max(0.0, due - time.monotonic()))  # noqa: TID251 - what is measured
        errors.append(time.monotonic() - due)
        port.send(mido.Message("note_on", note=60, velocity=80))
    Path(os.environ[ERRORS_FILE]).write_text(json.dumps(errors))


def count(seconds: float) -> int:
    """Return how many sixteenths fit."""
    return round(seconds * BPM / 60.0 / STEP_BEATS)


class TimedPlayer(RemotePlayer):
    """The session's end, which starts this file in place of the player."""

    command = (sys.executable, __file__, "--serve")


async def play(seconds: float) -> str:
    """Play through our player; return the rights that it got."""
    t0_s = time.monotonic()
    player = await TimedPlayer.open("null:", t0_s)
    player.tempo(TempoSegment(time.monotonic() - t0_s + START_S, 0.0, BPM))
    player.notes(
        Note(k, k * STEP_BEATS, STEP_BEATS / 2, 60, 80, Layer.MELODY) for k in range(count(seconds))
    )
    await asyncio.sleep(START_S + seconds + 0.5)
    rights = player.health["rights"]
    await player.close()
    return rights


def measure(seconds: float, load: bool) -> None:
    """Run both at once and print what they did."""
    burn = [sys.executable, "-c", "while True: pass"]
    burners = [subprocess.Popen(burn) for _ in range(os.cpu_count() or 1) if load]
    try:
        with tempfile.TemporaryDirectory() as folder:
            ours, theirs = Path(folder, "ours"), Path(folder, "mido")
            loop = subprocess.Popen(
                [sys.executable, __file__, "--mido", "--seconds", str(seconds)],
                env={**os.environ, ERRORS_FILE: str(theirs)},
            )
            os.environ[ERRORS_FILE] = str(ours)
            rights = asyncio.run(play(seconds))
            loop.wait()
            table(f"synth.player ({rights})", json.loads(ours.read_text()))
            table("mido, absolute sleep", json.loads(theirs.read_text()))
    finally:
        for burner in burners:
            burner.kill()


def table(name: str, errors_s: list[float]) -> None:
    """Print one row."""
    late = sorted(1000.0 * abs(error) for error in errors_s)
    last = len(late) - 1
    p50, p99 = late[last // 2], late[round(0.99 * last)]
    print(f"{name:24}{len(late):7}{p50:9.3f}{p99:9.3f}{late[-1]:9.3f}")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--load", action="store_true", help="keep every core busy besides")
    parser.add_argument("--mido", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        os._exit(serve_player())
    if options.mido:
        mido_loop(options.seconds)
        return
    print(f"{'send-time error in ms':24}{'notes':>7}{'p50':>9}{'p99':>9}{'max':>9}")
    measure(options.seconds, options.load)


if __name__ == "__main__":
    main()
