"""Outputs by the kind that their URI begins with: those built in, and those that packages add.

A package adds a kind with an entry point in the group `biofeedback.outputs`: what is called with
all that stands behind the colon, in the player's process, and returns a `synth.output.Output`.
"""

from __future__ import annotations

from collections.abc import Callable

from biofeedback.common.plugins import Registry, did_you_mean
from synth.errors import OutputUnavailable
from synth.output import Output
from synth.outputs.engines import on_this_machine
from synth.outputs.uri import OutputKind, OutputSpec

__all__ = ["OUTPUTS", "made_by", "output_here", "output_spec"]

OUTPUTS: Registry[Callable[[str], Output]] = Registry(
    "output",
    {
        OutputKind.AUDIO: "synth.outputs.pyo_live:PyoOutput",
        OutputKind.SOUNDFONT: "synth.outputs.soundfont:SoundfontOutput",
        OutputKind.MIDI: "synth.outputs.midi_port:MidiPortOutput",
        OutputKind.MIDI_VIRTUAL: "synth.outputs.midi_port:MidiPortOutput",
        OutputKind.MIDI_JACK: "synth.outputs.midi_jack:MidiJackOutput",
        OutputKind.OSC: "synth.outputs.osc:OscOutput",
        OutputKind.MIDI_FILE: "synth.outputs.midi_file:write",
        OutputKind.WAV: "synth.outputs.wav:render",
        OutputKind.NULL: "synth.outputs.null:NullOutput",
    },
)


def output_spec(uri: str) -> OutputSpec:
    """Return the output that a URI names; raise `OutputUnavailable` when it names none."""
    kind = uri.partition(":")[0].strip().lower()
    added = [name for name in OUTPUTS.names if name not in OUTPUTS.built_in]
    try:
        return OutputSpec.parse(uri, added)
    except OutputUnavailable as error:
        if OUTPUTS.find(kind) is None:
            error.hint = f"{did_you_mean(kind, OUTPUTS.names)}{error.hint}"
            if added:
                error.hint += f"   {'   '.join(f'{name}:' for name in added)}"
        raise


def output_here(uri: str) -> OutputSpec:
    """Return the output that a URI names, or what sounds in its place on this machine.

    Raises `OutputUnavailable` when it names none, or nothing here can make sound.
    """
    return on_this_machine(output_spec(uri))


def made_by(spec: OutputSpec) -> str:
    """Return what makes an output of an added kind, "module:attribute"; "" for a built-in one.

    Raises `PluginError` when it cannot be loaded.
    """
    plugin = OUTPUTS.find(spec.kind)
    if plugin is None or not plugin.package:
        return ""
    plugin.load()  # so that what is wrong shows before anything is opened
    return plugin.target
