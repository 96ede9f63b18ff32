"""How far from its time each MIDI note and clock tick leaves: ours, mido and isobar, in one run.

python benchmarks/midi_timing.py [--seconds 60] [--quiet]

Sixteenth notes at 120 BPM with a clock of 24 ticks a beat, on real ports under JACK's dummy driver.
The error is the moment of the send less the due time, both on the monotonic clock. Both cores are
kept busy and the metrics run on a simulated body besides, unless `--quiet`. Our player runs twice
at once: with the best rights that the system grants, and with what anybody may have; and then once
more with a spin of a whole millisecond, as a plain player would wait, which takes the processor
from whoever else has no rights. `drift` is how the error grows in a minute, by a straight line
through all notes. isobar is measured when it is installed (pip install isobar); its time zero is
not known, so the median of its errors is taken off.

The JACK output is measured apart, in frames, by another client that writes down where each event
lies: how far each step from one event to the next is from its length, how far events are from an
even grid over the whole run, and how many of those sent did not come. Its server runs in real time
where that is allowed, as on any computer that is set up for sound. A server without processor, such
as the dummy driver on a machine with far too much to do, loses frames against the clock; our events
keep to the clock, and so leave the grid by what the server has lost.
"""

import argparse
import asyncio
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from rigs import jack

from synth.events import Note
from synth.output import NoteOn
from synth.outputs.midi_port import MidiPortOutput
from synth.params import Layer
from synth.player import process
from synth.player.remote import RemotePlayer
from synth.tempo_map import TempoSegment

BPM = 120.0
STEP_BEATS = 0.25
START_S = 2.0
FILE = "MIDI_TIMING_ERRORS"
BURN = "while True: pass"
METRICS = """
from biofeedback.config.loader import load
import tempfile, pathlib
from biofeedback.app.plan import SessionPlan
from biofeedback.app.runner import SessionRunner
async def nothing(session): pass
while True:
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder)
        plan = SessionPlan(config=load(), sensors=("sim:",), out=out, duration_s=60.0)
        SessionRunner(plan).run(nothing)
"""

Errors = dict[str, list[tuple[float, float]]]


class TimedPort(MidiPortOutput):
    """A real port that keeps when each note-on and tick was due, and how late it left."""

    def open(self, t0_s: float) -> None:
        """Begin new lists."""
        self.t0_s = t0_s
        self.errors: Errors = {"notes": [], "clock": []}
        super().open(t0_s)

    def send(self, event, due_s: float) -> None:
        """Send, then note the time."""
        super().send(event, due_s)
        if isinstance(event, NoteOn):
            self.errors["notes"].append((due_s, time.monotonic() - self.t0_s - due_s))

    def pulse(self, pulse, due_s: float) -> None:
        """Send, then note the time."""
        super().pulse(pulse, due_s)
        if pulse.what == "tick":
            self.errors["clock"].append((due_s, time.monotonic() - self.t0_s - due_s))

    def close(self) -> None:
        """Leave the lists in the file that the benchmark named."""
        Path(os.environ[FILE]).write_text(json.dumps(self.errors))
        super().close()


def serve_player(rights: bool, *, spin_long: bool = False) -> int:
    """Be the player process, with the timed port, with or without what takes permission."""
    process.build = lambda spec, midi_map: TimedPort(spec.target, virtual=True)
    if not rights:
        os.sched_setscheduler = os.setpriority = _refuse
        os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = "unix:path=/nowhere"
    if spin_long:
        process.become_punctual = lambda: "normal"
        process._SHORT_SPIN_S = process._SPIN_S
    return process.main()


def _refuse(*arguments: object) -> None:
    raise PermissionError


class Ours(RemotePlayer):
    """The session's end, which starts this file in place of the player."""

    command = (sys.executable, __file__, "--serve")


class Unprivileged(RemotePlayer):
    """The same without rights."""

    command = (sys.executable, __file__, "--serve-normal")


class Plain(RemotePlayer):
    """The same, waiting as a plain player would."""

    command = (sys.executable, __file__, "--serve-plain")


async def play(kind: type[RemotePlayer], name: str, seconds: float) -> str:
    """Play through our player; return the rights that it got."""
    t0_s = time.monotonic()
    player = await kind.open(f"midi-virtual:{name}?clock", t0_s)
    player.tempo(TempoSegment(time.monotonic() - t0_s + START_S, 0.0, BPM))
    player.notes(
        Note(k, k * STEP_BEATS, STEP_BEATS / 2, 60, 80, Layer.MELODY) for k in range(count(seconds))
    )
    await asyncio.sleep(START_S + seconds + 0.2)
    rights = str(player.health["rights"])
    await player.close()
    return rights


def count(seconds: float) -> int:
    """Return how many sixteenths fit."""
    return round(seconds * BPM / 60.0 / STEP_BEATS)


def mido_loop(seconds: float) -> None:
    """Play with mido and absolute sleeps, as its users do."""
    import mido

    errors = []
    backend = mido.Backend("mido.backends.rtmidi/UNIX_JACK")
    with backend.open_output("mido", virtual=True) as port:
        start = time.monotonic() + START_S
        for k in range(count(seconds)):
            due = start + k * STEP_BEATS * 60.0 / BPM
            time.sleep(max(0.0, due - time.monotonic()))  # noqa: TID251 - what is measured
            port.send(mido.Message("note_on", note=60, velocity=80))
            errors.append((due - start, time.monotonic() - due))
            port.send(mido.Message("note_off", note=60))
    Path(os.environ[FILE]).write_text(json.dumps({"notes": errors}))


def isobar_loop(seconds: float) -> None:
    """Play with isobar's timeline, as its users do."""
    import isobar

    times: list[float] = []

    class Device(isobar.io.dummy.DummyOutputDevice):
        def note_on(self, note=60, velocity=64, channel=0) -> None:
            times.append(time.monotonic())

    timeline = isobar.Timeline(BPM, output_device=Device())
    timeline.schedule({"note": isobar.PSequence([60]), "duration": STEP_BEATS})
    timeline.background()
    time.sleep(START_S + seconds)  # noqa: TID251 - another thread plays
    step_s = STEP_BEATS * 60.0 / BPM
    offsets = sorted(at - k * step_s for k, at in enumerate(times))
    zero = offsets[len(offsets) // 2]
    errors = [(k * step_s, at - k * step_s - zero) for k, at in enumerate(times)]
    Path(os.environ[FILE]).write_text(json.dumps({"notes": errors}))
    os._exit(0)


def measure(seconds: float, folder: Path) -> None:
    """Run all at once and print what they did."""
    peers = {"mido, absolute sleep": "--mido"}
    if importlib.util.find_spec("isobar") is not None:
        peers["isobar"] = "--isobar"
    loops = [
        subprocess.Popen(
            [sys.executable, __file__, flag, "--seconds", str(seconds)],
            env={**os.environ, FILE: str(folder / flag)},
            stdout=subprocess.DEVNULL,
        )
        for flag in peers.values()
    ]
    names = asyncio.run(play_all({"ours": Ours, "normal": Unprivileged}, seconds, folder))
    for place, name in names.items():
        rows(f"biofeedback ({name})", folder / place)
    for (name, flag), loop in zip(peers.items(), loops, strict=True):
        loop.wait()
        rows(name, folder / flag)
    asyncio.run(play_all({"plain": Plain}, seconds, folder))
    rows("biofeedback (plain wait)", folder / "plain")


async def play_all(
    kinds: dict[str, type[RemotePlayer]], seconds: float, folder: Path
) -> dict[str, str]:
    """Play at the same time; return which rights each got."""
    playing = {}
    for place, kind in kinds.items():
        os.environ[FILE] = str(folder / place)
        playing[place] = asyncio.create_task(play(kind, place, seconds))
        await asyncio.sleep(1.0)  # a player has taken its environment by then
    return {place: await task for place, task in playing.items()}


def capture() -> None:
    """Be a JACK client that writes down the frame of each event, until its input ends."""
    import jack as library

    found: list[tuple[int, int]] = []
    client = library.Client("capture", no_start_server=True)
    port = client.midi_inports.register("in")

    def process_period(frames: int) -> None:
        first = client.last_frame_time
        found.extend((first + at, data[0][0]) for at, data in port.incoming_midi_events())

    client.set_process_callback(process_period)
    with client:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.read()
    Path(os.environ[FILE]).write_text(json.dumps(found))


async def play_jack(seconds: float, folder: Path) -> None:
    """Play on our own JACK port, and print where the events lay."""
    path = folder / "jack"
    listener = await asyncio.create_subprocess_exec(
        *(sys.executable, __file__, "--capture"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, FILE: str(path)},
    )
    assert listener.stdin is not None
    assert listener.stdout is not None
    await listener.stdout.readline()
    t0_s = time.monotonic()
    player = await RemotePlayer.open("midi-jack:ours?connect=capture:in&clock", t0_s)
    player.tempo(TempoSegment(time.monotonic() - t0_s + START_S, 0.0, BPM))
    player.notes(
        Note(k, k * STEP_BEATS, STEP_BEATS / 2, 60, 80, Layer.MELODY) for k in range(count(seconds))
    )
    await asyncio.sleep(START_S + seconds + 0.2)
    await player.close()
    listener.stdin.close()
    await listener.wait()
    found = json.loads(path.read_text())
    for what, status, step in (("notes", 0x92, 6000), ("clock", 0xF8, 1000)):
        frames = [frame for frame, kind in found if kind == status]
        sent = count(seconds) if what == "notes" else round((frames[-1] - frames[0]) / step) + 1
        print_frames(what, frames, step, sent)


def print_frames(what: str, frames: list[int], step: int, sent: int) -> None:
    """Print in frames how far steps are from their length, events from a grid; what is missing."""
    steps = [later - earlier for earlier, later in pairwise(frames)]
    errors = [frame - step * round((frame - frames[0]) / step) for frame in frames]
    middle = sorted(errors)[len(errors) // 2]
    for name, off in (
        ("steps", sorted(abs(length - step * round(length / step)) for length in steps)),
        ("grid", sorted(abs(error - middle) for error in errors)),
    ):
        last = len(off) - 1
        print(
            f"{f'JACK output, frames, {name}':28}{what:7}{len(off):6}{off[last // 2]:8}"
            f"{off[round(0.99 * last)]:8}{off[-1]:8}{sent - len(frames):9} lost"
        )


def rows(name: str, path: Path) -> None:
    """Print the rows of one player."""
    for what, errors in json.loads(path.read_text()).items():
        if len(errors) < 2:
            print(f"{name:28}{what:7}{len(errors):6}  starved: nothing left in time")
            continue
        late = sorted(1000.0 * abs(error) for _, error in errors)
        last = len(late) - 1
        p50, p99 = late[last // 2], late[round(0.99 * last)]
        over = sum(x > 1.0 for x in late)
        drift = 60_000.0 * slope(errors)
        print(
            f"{name:28}{what:7}{len(late):6}{p50:8.3f}{p99:8.3f}{late[-1]:8.3f}"
            f"{over:9}{drift:10.3f}"
        )


def slope(points: list[tuple[float, float]]) -> float:
    """Return the slope of the straight line through points."""
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--quiet", action="store_true", help="no load besides")
    for flag in ("--mido", "--isobar", "--serve", "--serve-normal", "--serve-plain", "--capture"):
        parser.add_argument(flag, action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve or options.serve_normal or options.serve_plain:
        os._exit(serve_player(options.serve, spin_long=options.serve_plain))
    if options.capture:
        capture()
        return
    if options.mido:
        mido_loop(options.seconds)
    elif options.isobar:
        isobar_loop(options.seconds)
    else:
        compare(options.seconds, options.quiet)


def compare(seconds: float, quiet: bool) -> None:
    """Measure everybody under the same load."""
    load = [] if quiet else [METRICS, *[BURN] * (os.cpu_count() or 1)]
    with jack.jack_server(realtime=True), tempfile.TemporaryDirectory() as folder:
        burners = [subprocess.Popen([sys.executable, "-c", code]) for code in load]
        try:
            print(
                f"{'send error in ms':28}{'':7}{'count':>6}{'p50':>8}{'p99':>8}{'max':>8}"
                f"{'over 1':>9}{'drift/min':>10}"
            )
            measure(seconds, Path(folder))
            asyncio.run(play_jack(seconds, Path(folder)))
        finally:
            for burner in burners:
                burner.kill()
                burner.wait()


if __name__ == "__main__":
    main()
