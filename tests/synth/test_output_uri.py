from __future__ import annotations

import pytest

from synth.errors import OutputUnavailable
from synth.outputs.uri import OutputKind, OutputSpec, choose


@pytest.mark.parametrize(
    ("uri", "kind", "target", "live"),
    [
        ("audio:", OutputKind.AUDIO, "", True),
        ("audio", OutputKind.AUDIO, "", True),
        ("audio:USB DAC: front", OutputKind.AUDIO, "USB DAC: front", True),
        ("midi:Port 1", OutputKind.MIDI, "Port 1", True),
        ("MIDI-Virtual:Bio", OutputKind.MIDI_VIRTUAL, "Bio", True),
        ("midi-jack:Bio", OutputKind.MIDI_JACK, "Bio", True),
        ("osc:9000", OutputKind.OSC, "9000", True),
        ("soundfont:my piano.sf2", OutputKind.SOUNDFONT, "my piano.sf2", True),
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


@pytest.mark.parametrize(
    "uri",
    [
        "midi:Port?map=mine.toml&clock",
        "midi-jack:Bio?map=mine.toml&connect=Synth:in&clock",
        "soundfont:piano.sf2?device=USB DAC",
        "midi:What? A port",
    ],
)
def test_options_are_read_as_they_are_written(uri) -> None:
    assert str(OutputSpec.parse(uri)) == uri


@pytest.mark.parametrize("uri", ["audio:?clock", "midi:Port?connect=a", "osc:9000?map=x"])
def test_an_option_of_another_kind_is_refused(uri) -> None:
    with pytest.raises(OutputUnavailable, match="has no option") as caught:
        OutputSpec.parse(uri)
    assert "It is for" in caught.value.hint


def test_where_nothing_is_there_the_hint_does_not_offer_it() -> None:
    with pytest.raises(OutputUnavailable, match="none at all") as caught:
        choose("x", [], what="MIDI port", hint="Plug it in.")
    assert caught.value.hint == "Plug it in."
    with pytest.raises(OutputUnavailable) as caught:
        choose("x", ["y"], what="MIDI port", hint="Plug it in.")
    assert caught.value.hint == "Use one of these, or plug it in."


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
