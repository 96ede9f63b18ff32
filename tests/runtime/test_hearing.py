"""The dose of sound: nothing without a measurement, and by hand the same with one."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from biofeedback.app.plan import SessionPlan
from biofeedback.app.runner import SessionRunner
from biofeedback.cli.app import run
from biofeedback.config.loader import load
from biofeedback.offline import sound_exposure
from biofeedback.offline.sound_exposure import LevelCalibration, heard
from biofeedback.record import lines
from biofeedback.record.reader import read
from biofeedback.runtime.session import Session

MEASURED = LevelCalibration(output="audio:", volume=0.5, level_dba=74.0)


def log(out: Path, *, outputs: list[str], volume: str = "1.0") -> list[lines.Line]:
    """Return a session of a minute as if it had sounded, at one volume, then softer."""

    async def watch(session: Session) -> None:
        session.command("session", "volume", volume)

    outcome = SessionRunner(
        SessionPlan(config=load(), sensors=("sim:",), out=out, duration_s=60.0)
    ).run(watch)
    assert outcome is not None
    first, *rest = (line for _, line in read(outcome.folder))
    assert isinstance(first, lines.HeaderLine)
    return [msgspec.structs.replace(first, outputs=outputs), *rest]


@pytest.mark.parametrize(("volume", "level"), [("1.0", 80.0), ("0.5", 74.0), ("0.25", 68.0)])
def test_half_the_volume_is_six_decibels_less(tmp_path: Path, volume: str, level: float) -> None:
    found = heard(log(tmp_path, outputs=["audio:"], volume=volume), [MEASURED])
    assert found is not None
    assert found.level_dba == pytest.approx(level, abs=0.05)
    assert 50.0 < found.seconds < 62.0


def test_forty_hours_at_80_decibels_are_a_week() -> None:
    pascal = 20e-6 * 10.0 ** (80.0 / 20.0)
    assert 40.0 * pascal**2 == pytest.approx(sound_exposure.ALLOWANCE_PA2H)
    assert sound_exposure.SoundExposure(
        40 * 3600.0, sound_exposure.ALLOWANCE_PA2H
    ).level_dba == pytest.approx(80.0)
    assert sound_exposure.SoundExposure(40 * 3600.0, sound_exposure.ALLOWANCE_PA2H).share == 1.0


@pytest.mark.slow
def test_what_was_not_measured_or_not_heard_has_no_level(tmp_path: Path) -> None:
    silent = heard(log(tmp_path / "a", outputs=["audio:"], volume="0"), [MEASURED])
    assert silent is not None
    assert (silent.level_dba, silent.share) == (None, 0.0)
    other = log(tmp_path / "b", outputs=["audio:Speakers"])
    assert heard(other, [MEASURED]) is None
    assert heard(other, []) is None


def test_a_measurement_is_kept_and_nothing_is_said_without_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert run(["hearing", "show"]) == 0
    assert "not known" in capsys.readouterr().out
    assert run(["hearing", "calibrate", "audio:", "--level", "62", "--volume", "0.5"]) == 0
    assert "68 dB(A)" in capsys.readouterr().out
    assert run(["hearing", "calibrate", "audio:", "--level", "60", "--volume", "0.5"]) == 0
    assert [each.level_dba for each in sound_exposure.known()] == [60.0]
    assert run(["hearing", "calibrate", "midi:x", "--level", "60", "--volume", "0.5"]) == 2
    assert run(["hearing", "calibrate", "audio:", "--level", "300", "--volume", "0.5"]) == 2
    capsys.readouterr()
    assert run(["hearing", "show"]) == 0
    assert "0 % of a week" in capsys.readouterr().out
