"""The first minute: which sensor, where the music goes, a test sound, and off it goes."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from biofeedback.cli import console
from biofeedback.cli.words import signal_words
from synth.events import Note
from synth.params import Key, Layer, Mode, MusicParams
from synth.player.remote import RemotePlayer
from synth.tempo_map import TempoMap

__all__ = ["PHRASE", "GuideChoice", "first_minute", "play", "remember", "sensor_options", "setup"]


if TYPE_CHECKING:
    from biofeedback.personal.setup import Setup
    from sensors.ble.radio import Advertisement


_SCAN_S = 8.0
_DEFAULT_SENSOR, _DEFAULT_OUTPUT = "ble:", "audio:"
_VIRTUAL_PORT = "midi-virtual:biofeedback"


@dataclass(frozen=True, slots=True)
class GuideChoice:
    """Sensors and outputs, as URIs."""

    sensors: tuple[str, ...]
    outputs: tuple[str, ...]


def setup(sensors: Sequence[str] | None, outputs: Sequence[str] | None) -> GuideChoice:
    """Return what a session shall use, and say what was added to the options given.

    Options win; then the set-up that was remembered; then the only strap there and the default
    audio device.
    """
    if sensors and outputs:
        return GuideChoice(tuple(sensors), tuple(outputs))
    from biofeedback.personal.setup import load

    remembered = load()
    chosen = GuideChoice(
        tuple(sensors or (remembered.sensors if remembered else (_DEFAULT_SENSOR,))),
        tuple(outputs or (remembered.outputs if remembered else (_DEFAULT_OUTPUT,))),
    )
    source = "your last set-up" if remembered else "nothing was chosen before"
    console.err.print(f"Using {_path_words(chosen)} ({source}).", markup=False, highlight=False)
    return chosen


def remember(chosen: GuideChoice) -> None:
    """Keep a set-up that has worked for the next time."""
    from biofeedback.personal import setup as remembered

    remembered.save(remembered.Setup(sensors=chosen.sensors, outputs=chosen.outputs))


def first_minute() -> GuideChoice:
    """Lead a wearer from nothing to a set-up; it is kept by `run --remember` once it has worked."""
    from biofeedback.personal import setup as remembered

    _say("[bold cyan]Welcome.[/] In a minute, music follows your body.")
    _say("[dim]For relaxation. Stop whenever it does not feel good: press q.[/]")
    last = remembered.load()
    if last is None or not _wants_again(last):
        last = remembered.Setup(sensors=_choose_sensors(), outputs=(_choose_output(),))
        _say(
            "\nOnce it has worked, this set-up is remembered: then [bold]biofeedback run[/] starts "
            "with it."
        )
    return GuideChoice(last.sensors, last.outputs)


def _wants_again(last: Setup) -> bool:
    chosen = GuideChoice(last.sensors, last.outputs)
    _say(f"\nLast time: {console.escape(_path_words(chosen))}.")
    return _yes("Use it again?")


def _choose_sensors() -> tuple[str, ...]:
    from biofeedback.cli.devices import look_around
    from sensors.errors import SensorError

    _say(
        "\n[bold]Your sensors.[/] Wet the electrodes and wear a strap snugly, just below the "
        "chest, a wristband on the hand you use less. Close other apps that use them: most "
        "sensors talk to one at a time.\n"
    )
    while True:
        try:
            seen = look_around(_SCAN_S)
        except SensorError as error:
            console.mistake(str(error), error.hint)
            seen = []
        options = sensor_options(seen)
        if not options:
            _say(
                "\nNo sensor is in sight. A strap sleeps until it is worn; when it was found "
                "before and is not now, its battery may be low.\n"
            )
        options.append(("sim:", "a simulated body, to try it without a sensor"))
        options.append(("", "look again"))
        if all(uris := _pick_some("Which one? (several: 1 2)", options)):
            # One device cannot be two sensors: the one that sends more is meant.
            return tuple(uri for uri in uris if f"{uri}?streams=ecg,acc" not in uris)


def sensor_options(seen: Sequence[Advertisement]) -> list[tuple[str, str]]:
    """Return what can be chosen of the devices in sight, as URIs and words, straps first."""
    from sensors.ble.device_query import uri_of

    known = [device for device in seen if device.kind != "other"]
    known.sort(key=lambda device: device.kind != "heart rate strap")
    names = [device.name for device in known]
    options = []
    for device in known:
        uri = uri_of(device)
        alike = names.count(device.name) > 1 and device.name
        label = f"{device.label} at {device.address}" if alike else device.label
        signal = "in use by another program" if device.in_use else signal_words(device.rssi_dbm)
        words = f"{label}, signal {signal}"
        if device.kind == "heart rate strap":
            options.append((uri, f"{words}: heart rate, RR intervals"))
            if "ecg" in device.streams:
                more = f"{uri}?streams=ecg,acc"
                options.append((more, f"{words}: ECG and movement too, for more battery"))
        else:
            options.append((uri, f"{words}: {device.gives}"))
    return options


def _choose_output() -> str:
    from biofeedback.cli import probe
    from synth.errors import SynthError

    options: list[tuple[str, str]] = []
    has_midi = False
    with console.err.status("Looking for sound devices and MIDI ports"):
        try:
            if probe.audio_devices():
                options.append((_DEFAULT_OUTPUT, "the sound of this computer"))
        except SynthError as error:
            console.mistake(str(error), error.hint)
        try:
            options += [(f"midi:{name}", f"MIDI port {name}") for name in probe.midi_ports()]
            has_midi = True
        except SynthError as error:
            console.mistake(str(error), error.hint)
    if has_midi and sys.platform != "win32":
        options.append((_VIRTUAL_PORT, "a virtual MIDI port, for a synthesiser to connect to"))
    options.append(("wav:", "no sound now, a sound file afterwards"))
    _say("\n[bold]The music.[/] Where should it go?")
    while True:
        uri = _pick("Where?", options)
        if uri == _VIRTUAL_PORT:
            _say("Connect a synthesiser to the port [bold]biofeedback[/] once the music plays.")
        if not uri.startswith((_DEFAULT_OUTPUT, "midi:")) or _is_heard(uri):
            return uri


def _is_heard(uri: str) -> bool:
    """Play the test sound until it is heard, or something else shall be tried."""
    from biofeedback.cli import guide
    from biofeedback.common.clock import run_live
    from synth.errors import SynthError

    _say("\nTurn the volume low; here comes a soft phrase of six seconds.")
    while True:
        try:
            with console.err.status("Playing"):
                run_live(lambda: guide.play(uri))
        except SynthError as error:
            console.mistake(str(error), error.hint)
            return False
        if _yes("Did you hear it?"):
            return True
        _say("Check the volume, the cable, and the output that the system has selected.")
        if not _yes("Play it again?"):
            return False


def _pick(question: str, options: Sequence[tuple[str, str]]) -> str:
    """Show numbered options, each a value and its words; return the value that is chosen."""
    while len(chosen := _pick_some(question, options)) > 1:
        _say("Type one number.")
    return chosen[0]


def _pick_some(question: str, options: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Show numbered options; return the values that are chosen, at least one, none twice."""
    for number, (_, words) in enumerate(options, 1):
        _say(f"  [bold cyan]{number}[/]  {console.escape(words)}")
    while True:
        answers = (_ask(f"{question} [1]") or "1").replace(",", " ").split()
        numbers = {int(answer) for answer in answers if answer.isdecimal()}
        if len(numbers) == len(answers) and numbers <= set(range(1, len(options) + 1)) and numbers:
            return tuple(options[number - 1][0] for number in sorted(numbers))
        _say(f"Type a number from 1 to {len(options)}.")


def _yes(question: str) -> bool:
    while True:
        answer = _ask(f"{question} [Y/n]").casefold()
        if answer in ("", "y", "yes"):
            return True
        if answer in ("n", "no"):
            return False
        _say("Type y or n.")


def _ask(question: str) -> str:
    try:
        return console.out.input(f"{question} ", markup=False).strip()
    except EOFError:
        raise KeyboardInterrupt from None  # the end of input is a wish to leave as well


def _say(text: str) -> None:
    console.paragraph(text)


def _path_words(chosen: GuideChoice) -> str:
    return f"{' and '.join(chosen.sensors)} -> {' and '.join(chosen.outputs)}"


_BPM = 80.0
_VOLUME = 0.5
_LEAD_S, _TAIL_S = 0.5, 1.0
_PAD, _TUNE = Layer.PAD, Layer.MELODY
#: Two bars of D major over its tonic and its subdominant: layer, beat, beats, pitch, velocity.
PHRASE = tuple(
    Note(number, beat, beats, pitch, velocity, layer)
    for number, (layer, beat, beats, pitch, velocity) in enumerate(
        (
            (_PAD, 0.0, 4.0, 50, 44), (_PAD, 0.0, 4.0, 57, 44), (_PAD, 0.0, 4.0, 66, 44),
            (_PAD, 4.0, 4.0, 55, 44), (_PAD, 4.0, 4.0, 59, 44), (_PAD, 4.0, 4.0, 66, 44),
            (_TUNE, 0.0, 1.0, 74, 52), (_TUNE, 1.0, 1.0, 78, 54), (_TUNE, 2.0, 2.0, 81, 58),
            (_TUNE, 4.0, 1.0, 79, 54), (_TUNE, 5.0, 1.0, 78, 52), (_TUNE, 6.0, 2.0, 74, 48),
        )
    )
)  # fmt: skip


async def play(uri: str) -> None:
    """Play the phrase on an output that sounds; raise `OutputUnavailable` when it does not open."""
    start_s = asyncio.get_running_loop().time()
    player = await RemotePlayer.open(uri, start_s)
    try:
        player.volume(_VOLUME)
        player.params(MusicParams(tempo_bpm=_BPM, key=Key(2, Mode.IONIAN), dynamics=0.35))
        tempo = TempoMap.start(asyncio.get_running_loop().time() - start_s + _LEAD_S, _BPM)
        player.tempo(tempo.segments[0])
        player.notes(PHRASE)
        end_s = max(tempo.time_at(note.beat + note.beats) for note in PHRASE)
        await asyncio.sleep(start_s + end_s + _TAIL_S - asyncio.get_running_loop().time())
    finally:
        await player.close()
