"""Which library reaches the MIDI ports of this system.

rtmidi2 has wheels for most machines and speaks to every system; where it has none, as on a
Raspberry Pi, alsa-midi speaks to Linux's ALSA.
"""

from __future__ import annotations

import importlib.util
import sys

from synth.outputs.midi_binding import MidiBinding

__all__ = ["binding"]


def binding() -> MidiBinding:
    """Return the library that is here; what it cannot load it tells when it is asked.

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
