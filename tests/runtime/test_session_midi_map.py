"""Which channels, programs and controllers a session plays on."""

from __future__ import annotations

from pathlib import Path

import mido
import pytest
from rigs.sessions import nothing_to_watch

from biofeedback.app.plan import SessionPlan
from biofeedback.app.postprocess import write_midi
from biofeedback.app.runner import SessionRunner
from biofeedback.cli.app import run
from biofeedback.config.loader import load
from biofeedback.config.midi_maps import resolve, signal_names
from synth.params import Layer


def voices(folder: Path) -> dict[str, tuple[int, int | None]]:
    """Return the channel and the program of each track of a session's MIDI file."""
    file = mido.MidiFile(write_midi(folder, folder / "again.mid"))
    found: dict[str, tuple[int, int | None]] = {}
    for track in file.tracks[1:]:
        channel = next(m.channel for m in track if m.type == "note_on")
        programs = [m.program for m in track if m.type == "program_change"]
        found[track.name] = channel, programs[0] if programs else None
    return found


def performed(out: Path, **changes: object) -> Path:
    plan = SessionPlan(config=load(), sensors=("sim:",), out=out, duration_s=40.0, **changes)  # type: ignore[arg-type]
    outcome = SessionRunner(plan).run(nothing_to_watch)
    assert outcome is not None
    return outcome.folder


def test_a_file_has_the_channels_and_programs_of_its_style(tmp_path: Path) -> None:
    assert voices(performed(tmp_path))["pad"] == (0, 89)
    piano = resolve("", load(settings=["music.style=piano"]))
    assert (piano[Layer.PAD].channel, piano[Layer.PAD].program) == (0, 0)
    assert (piano[Layer.BELLS].channel, piano[Layer.BELLS].program) == (4, 8)


def test_a_map_changes_what_it_names_and_leaves_the_rest_to_the_style(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text("[pad]\nchannel = 12\n[all]\nprogram = 0\n")
    plain = voices(performed(tmp_path / "a"))
    changed = voices(performed(tmp_path / "b", outputs=(f"mid:{tmp_path}/x.mid?map={mine}",)))
    assert changed["pad"] == (11, None)
    assert {name: channel for name, (channel, _) in changed.items() if name != "pad"} == {
        name: channel for name, (channel, _) in plain.items() if name != "pad"
    }


def test_arousal_beat_and_every_metric_can_be_routed() -> None:
    assert {"arousal", "beat", "breath", "pacer", "heart_rate", "rmssd", "scl"} <= set(
        signal_names(load())
    )


@pytest.mark.parametrize("how", ["option", "uri"])
def test_a_mistake_in_a_map_is_one_clear_line(
    how: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.toml").write_text("[bass]\nchannel = 17\n")
    output = f"mid:{tmp_path}/a.mid"
    extra = ["--midi-map", f"{tmp_path}/bad.toml"] if how == "option" else []
    output += f"?map={tmp_path}/bad.toml" if how == "uri" else ""
    command = ["run", "-s", "sim:", "--fast", "--duration", "5", "-o", output, "--out"]
    assert run([*command, str(tmp_path / "out"), *extra]) == 2
    told = " ".join(capsys.readouterr().err.split())
    assert "bad.toml" in told.replace(" ", "")
    assert "bass.channel is 17, out of range" in told
    assert "Traceback" not in told
    assert not (tmp_path / "out").exists()
