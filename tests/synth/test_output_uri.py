from __future__ import annotations

import pytest

from synth.errors import OutputUnavailable
from synth.outputs.naming import choose
from synth.outputs.uri import OutputKind, OutputSpec


@pytest.mark.parametrize(
    ("uri", "kind", "target", "live"),
    [
        ("audio:", OutputKind.AUDIO, "", True),
        ("audio", OutputKind.AUDIO, "", True),
        ("audio:USB DAC: front", OutputKind.AUDIO, "USB DAC: front", True),
        ("midi:Port 1", OutputKind.MIDI, "Port 1", True),
        ("MIDI-Virtual:Bio", OutputKind.MIDI_VIRTUAL, "Bio", True),
        ("mid:out/a.mid", OutputKind.MIDI_FILE, "out/a.mid", False),
        (r"wav:C:\a.wav", OutputKind.WAV, r"C:\a.wav", False),
        ("wav:", OutputKind.WAV, "", False),
        ("null:", OutputKind.NULL, "", False),
    ],
)
def test_an_output_is_a_kind_and_a_target(uri, kind, target, live) -> None:
    spec = OutputSpec.parse(uri)
    assert (spec.kind, spec.target, spec.live) == (kind, target, live)


@pytest.mark.parametrize("uri", ["", "speaker:", "midi:", "mid: ", "out.wav"])
def test_what_is_no_output_is_refused_with_a_hint(uri) -> None:
    with pytest.raises(OutputUnavailable) as caught:
        OutputSpec.parse(uri)
    assert "midi:PORT NAME" in caught.value.hint


PORTS = ["Port 1", "Port 10", "Synth A", "synth a", "Grand Piano:in"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [("port 1", "Port 1"), ("*10", "Port 10"), ("piano", "Grand Piano:in"), ("gr?nd*", PORTS[4])],
)
def test_a_port_is_found_by_exact_name_then_pattern_then_part(wanted, found) -> None:
    assert choose(wanted, PORTS, what="MIDI port", hint="h") == found


@pytest.mark.parametrize("wanted", ["port", "SYNTH A", "drum"])
def test_an_unclear_or_missing_port_lists_what_there_is(wanted) -> None:
    with pytest.raises(OutputUnavailable, match=r"Port 10|Synth A"):
        choose(wanted, PORTS, what="MIDI port", hint="h")
