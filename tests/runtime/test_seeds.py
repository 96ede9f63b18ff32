"""Each session has a seed of its own, which its log names and which repeats it."""

from pathlib import Path

import pytest

from biofeedback.app.plan import MOST_SEED, draw_seed
from biofeedback.cli.app import run
from biofeedback.record.lines import NoteLine
from biofeedback.record.reader import read, read_header

SIMULATED = ("run", "-s", "sim:", "-o", "null:", "--fast", "--duration", "20", "--no-adapt")


def played(out: Path, *command: str) -> tuple[int, list[bytes]]:
    """Run a command that leaves one session in `out`; return its seed and its notes."""
    assert run([*command, "--out", str(out)]) == 0
    (folder,) = out.iterdir()
    notes = [raw for raw, line in read(folder) if isinstance(line, NoteLine)]
    assert notes
    return read_header(folder).seed, notes


@pytest.fixture(autouse=True)
def _own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.mark.slow
def test_two_sessions_begin_with_different_notes_and_the_logged_seed_repeats_one(
    tmp_path: Path,
) -> None:
    seed, notes = played(tmp_path / "monday", *SIMULATED)
    other_seed, other_notes = played(tmp_path / "tuesday", *SIMULATED)
    assert seed != other_seed
    assert notes[:8] != other_notes[:8]
    again = played(tmp_path / "again", *SIMULATED, "--seed", str(seed))
    assert again == (seed, notes)


@pytest.mark.slow
def test_a_replayed_session_keeps_its_own_seed_and_a_recording_always_has_the_same(
    tmp_path: Path,
) -> None:
    seed, _ = played(tmp_path / "first", *SIMULATED)
    (session,) = (tmp_path / "first").iterdir()
    assert played(tmp_path / "replay", "replay", str(session))[0] == seed
    recording = tmp_path / "rr.txt"
    recording.write_text("\n".join(["812", "845", "830", "799"] * 10))
    once = played(tmp_path / "once", "replay", str(recording))
    assert once == played(tmp_path / "twice", "replay", str(recording))
    assert once != played(tmp_path / "other", "replay", str(recording), "--seed", "7")


def test_seeds_are_typeable_and_drawn_anew() -> None:
    drawn = {draw_seed() for _ in range(1000)}
    assert len(drawn) > 990
    assert 1 <= min(drawn) <= max(drawn) <= MOST_SEED


def test_a_negative_seed_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*SIMULATED, "--seed", "-1"]) == 2
    assert "--seed" in capsys.readouterr().err
