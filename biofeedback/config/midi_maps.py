"""The MIDI map of an output: the style's own channels and programs, then what a file changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from biofeedback.config.outputs import output_spec
from biofeedback.config.schema import Config
from biofeedback.config.styles import load_style
from biofeedback.control.mapping import controller
from biofeedback.metrics.bank import MetricBank
from biofeedback.storage.configs import config_files
from synth.errors import MapError
from synth.outputs.midi_map import ControllerSpec, MidiMap, SignalRoute
from synth.outputs.midi_map_file import find, read

__all__ = ["of_files", "resolve", "signal_names"]


def signal_names(config: Config) -> tuple[str, ...]:
    """Return the names of what can be sent: arousal, beat, breath, pacer, and all metrics."""
    readings = MetricBank(config.metrics).read(0.0)
    return ("arousal", "beat", "breath", "pacer", *(reading.name for reading in readings))


def resolve(name: str, config: Config) -> MidiMap:
    """Return the map called `name`, or in that file; without a name the style's own.

    Raises `MapError` when there is none, or it is malformed.
    """
    style = load_style(config.music.style)
    base = MidiMap.of_style(style.settings.instruments)
    if name:
        known = {file.name: file.path for file in config_files("midi").values()}
        base = read(find(name, known), base, signal_names(config))
    played = {route.to: found for route in config.control.map.route
              if (found := controller(route.to)) is not None}  # fmt: skip
    routes = {
        to: SignalRoute(channel, ControllerSpec("cc", number))
        for to, (number, channel) in played.items()
    }
    return replace(base, signals={**base.signals, **routes})


def of_files(outputs: Sequence[str], config: Config) -> MidiMap:
    """Return the map for a session's MIDI file: that of the first of its outputs with a map.

    A file of the user's that has gone since leaves the style's own.
    """
    names = [output_spec(uri).midi_map for uri in outputs]
    for name in filter(None, names):
        try:
            return resolve(name, config)
        except MapError:
            continue
    return resolve("", config)
