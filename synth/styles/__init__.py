"""The styles, one a file, and all of them by name."""

from __future__ import annotations

__all__ = ["STYLES"]

#: "module:class" of each style that is built in, the default first; there is no other list of them.
STYLES = {
    "ambient": "synth.styles.ambient:AmbientStyle",
    "piano": "synth.styles.piano:PianoStyle",
    "pulse": "synth.styles.pulse:PulseStyle",
    "chamber": "synth.styles.chamber:ChamberStyle",
    "lofi": "synth.styles.lofi:LofiStyle",
    "drone_breath": "synth.styles.drone_breath:DroneBreathStyle",
}
