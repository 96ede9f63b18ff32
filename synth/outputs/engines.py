"""What makes sound and reaches MIDI ports here, where not every library has a wheel.

pyo and rtmidi2 have wheels for most machines. Where they have none, as on a Raspberry Pi,
FluidSynth sounds in place of pyo, and alsa-midi speaks to Linux's ALSA in place of rtmidi2.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from dataclasses import replace
from pathlib import Path

from synth.errors import OutputUnavailable
from synth.outputs.fluid import check_library
from synth.outputs.midi_binding import MidiBinding
from synth.outputs.uri import OutputKind, OutputSpec

__all__ = [
    "SOUND_HINT",
    "can_sound",
    "find_soundfont",
    "midi_binding",
    "on_this_machine",
    "stand_in",
]

SOUND_HINT = (
    "pyo has no wheel for this machine. FluidSynth sounds in its place: "
    "apt install libfluidsynth3 timgm6mb-soundfont, or brew install fluid-synth."
)
_ENDINGS = (".sf2", ".sf3")
_FOLDERS = (
    *("/usr/share/sounds/sf2", "/usr/share/sounds/sf3", "/usr/share/soundfonts"),
    *("/usr/local/share/soundfonts", "/opt/homebrew/share/soundfonts"),
    *("/opt/homebrew/share/fluid-synth/sf2", "/usr/local/share/fluid-synth/sf2"),
)


def find_soundfont() -> Path | None:
    """Return a soundfont that the system has; its default one first, else the largest.

    Returns
    -------
    Path | None
        None where no package has brought one, or only some that lack instruments.
    """
    found = [
        path
        for folder in _FOLDERS
        if os.path.isdir(folder)
        for path in sorted(Path(folder).iterdir())
        if path.suffix.lower() in _ENDINGS and path.is_file()
    ]
    defaults = [path for path in found if path.stem.lower().startswith("default")]
    return next(iter(defaults), None) or max(found, key=_bytes, default=None)


def can_sound() -> bool:
    """Tell whether anything here can make a sound file.

    Returns
    -------
    bool
        True with pyo, or with FluidSynth and a soundfont.
    """
    return _has_pyo() or stand_in() is not None


def stand_in() -> Path | None:
    """Return the soundfont that sounds in place of our instruments.

    Returns
    -------
    Path | None
        None where pyo is installed, and where FluidSynth or a soundfont is missing.
    """
    if _has_pyo():
        return None
    try:
        check_library()
    except OutputUnavailable:
        return None
    return find_soundfont()


def on_this_machine(spec: OutputSpec) -> OutputSpec:
    """Return the output that can be opened here in place of `audio:` without pyo.

    Parameters
    ----------
    spec
        As the user named it.

    Returns
    -------
    OutputSpec
        A soundfont where one stands in, else what was given.

    Raises
    ------
    OutputUnavailable
        When it is `audio:` and nothing here can make a sound.
    """
    if spec.kind is not OutputKind.AUDIO or _has_pyo():
        return spec
    soundfont = stand_in()
    if soundfont is None:
        raise OutputUnavailable("nothing on this machine can make sound", hint=SOUND_HINT)
    return replace(spec, kind=OutputKind.SOUNDFONT, target=str(soundfont), device=spec.target)


def midi_binding() -> MidiBinding:
    """Return the library that reaches MIDI ports; what it cannot load it tells when it is asked.

    Returns
    -------
    MidiBinding
        rtmidi2, or alsa-midi where a Linux has only that.
    """
    if sys.platform.startswith("linux") and not importlib.util.find_spec("rtmidi2"):
        from synth.outputs import alsa_binding

        return alsa_binding
    from synth.outputs import rtmidi_binding

    return rtmidi_binding


def _has_pyo() -> bool:
    return importlib.util.find_spec("pyo") is not None


def _bytes(path: Path) -> int:
    return path.stat().st_size
