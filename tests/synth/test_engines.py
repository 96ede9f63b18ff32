"""Where pyo has no wheel, FluidSynth sounds in its place; where neither is, one line says so."""

import importlib.util
from pathlib import Path

import pytest
from rigs.soundfonts import write_sine

from biofeedback.cli.app import run
from biofeedback.config.outputs import output_here
from synth.errors import OutputUnavailable
from synth.outputs import engines, fluid
from synth.outputs.uri import OutputKind, OutputSpec


@pytest.fixture
def fonts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only folder in which soundfonts are looked for, on a machine without pyo."""
    there = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name == "pyo" else there(name)
    )
    folder = tmp_path / "fonts"
    folder.mkdir()
    monkeypatch.setattr(engines, "_FOLDERS", (str(tmp_path / "none"), str(folder)))
    return folder


def test_the_default_soundfont_comes_first_then_the_largest(fonts: Path) -> None:
    assert engines.find_soundfont() is None
    for name, size in (("small.sf2", 10), ("large.SF3", 30), ("notes.txt", 99)):
        (fonts / name).write_bytes(bytes(size))
    assert engines.find_soundfont() == fonts / "large.SF3"
    (fonts / "default-GM.sf2").write_bytes(b"")
    assert engines.find_soundfont() == fonts / "default-GM.sf2"


def test_audio_becomes_a_soundfont_on_the_same_device_and_the_rest_stays(fonts: Path) -> None:
    write_sine(fonts / "sine.sf2")
    stood_in = output_here("audio:Speakers")
    assert stood_in == OutputSpec(OutputKind.SOUNDFONT, str(fonts / "sine.sf2"), device="Speakers")
    assert output_here("midi:Keys") == OutputSpec(OutputKind.MIDI, "Keys")


def test_without_any_engine_audio_is_refused_with_what_to_install(fonts: Path) -> None:
    with pytest.raises(OutputUnavailable, match="can make sound") as caught:
        output_here("audio:")
    assert "apt install" in caught.value.hint


@pytest.mark.slow
@pytest.mark.parametrize("library", [True, False])
def test_without_any_engine_the_demo_ends_well_and_says_so(
    fonts: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    library: bool,
) -> None:
    if not library:
        write_sine(fonts / "sine.sf2")
        monkeypatch.setattr(fluid, "_NAMES", ())
        monkeypatch.setattr("ctypes.util.find_library", lambda name: None)
    assert run(["demo", "--minutes", "0.25", "--out", str(tmp_path / "demo")]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "No sound file: pyo has no wheel for this machine." in told
    (session,) = (tmp_path / "demo").iterdir()
    assert {path.name for path in session.iterdir()} >= {"session.mid", "report.html"}


@pytest.mark.slow
def test_the_demo_sounds_through_a_soundfont(fonts: Path, tmp_path: Path) -> None:
    write_sine(fonts / "sine.sf2")
    assert run(["demo", "--minutes", "0.25", "--out", str(tmp_path / "demo")]) == 0
    (session,) = (tmp_path / "demo").iterdir()
    assert (session / "session.wav").stat().st_size > 15 * 48_000 * 4
