"""What a trial is prepared with, by hand: what it could find, and who leads the yoked arm."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from biofeedback.common.errors import FolderError, TrialError
from biofeedback.config.schema import Config
from biofeedback.record import lines
from biofeedback.record.line import encode
from biofeedback.record.reader import LOG_NAME
from biofeedback.trials import donors, power
from biofeedback.trials.design import TrialDesign, freeze
from biofeedback.trials.permutation import p_values
from synth.params import MusicParams

DESIGN = TrialDesign(
    name="t", question="", person=None, arms=["adaptive", "silence"], pairs=8, block_minutes=1.0,
    washout_minutes=0.5, settle_s=10.0, end_point="breathing_rate", smallest=1.0, alpha=0.05,
    adaptive="breathe", style="ambient",
)  # fmt: skip


def test_power_is_the_share_of_people_in_whom_the_trial_s_own_test_finds_an_effect() -> None:
    (few, many) = power.table((0.5, 2.0), (6, 12), sd=1.0, people=400)
    assert (few.pairs, many.pairs) == (6, 12)
    rng = np.random.default_rng([1, 7])
    for row in (few, many):
        noise = rng.standard_normal((row.pairs, 400))
        found = (p_values(noise, (0.0, 0.5, 2.0)) <= 0.05).mean(axis=1)
        assert (row.false, *row.power) == pytest.approx(found)
    assert few.power[1] < many.power[1]
    assert many.false < 0.1


def test_people_s_own_spread_is_drawn_where_it_is_not_known() -> None:
    (row,) = power.table((1.0,), (8,), people=300, seed=4, alpha=0.1)
    rng = np.random.default_rng([4, 7])
    spread = 0.91 * np.exp(0.33 * rng.standard_normal(300))
    found = (p_values(rng.standard_normal((8, 300)) * spread, (0.0, 1.0)) <= 0.1).mean(axis=1)
    assert (row.false, *row.power) == pytest.approx(found)


def music(tempo_bpm: float = 60.004, swell: float = 1.5, rest: bool = False) -> MusicParams:
    return MusicParams(tempo_bpm=tempo_bpm, swell=swell, rest=rest)


def test_a_stream_has_a_row_each_two_seconds_within_its_ranges() -> None:
    moments = [(k / 2, level, music(60.0 + k)) for k, level in enumerate([-0.5, *[0.12345] * 8])]
    stream = donors._stream([*moments, (4.5, 1.5, music(70.006, 0.12345))])
    assert stream.every_s == 2.0
    assert stream.level == (0.0, 0.123, 0.123)
    assert stream.tempo_bpm == (60.0, 64.0, 68.0)
    assert stream.swell == (1.0, 1.0, 1.0)
    assert stream.pauses == ()
    (late,) = donors._stream([(0.0, 1.5, music(70.006, 0.12345))]).level
    assert late == 1.0
    one = donors._stream([(0.0, 0.3, music(70.006, 0.12345))])
    assert (one.tempo_bpm, one.swell) == ((70.01,), (0.123,))


def test_pauses_that_touch_are_one() -> None:
    rests = [1.0, 1.5, 2.0, 4.0]
    moments = [(k / 2, 0.3, music(rest=k / 2 in rests)) for k in range(12)]
    assert donors._stream(moments).pauses == ((1.0, 2.5), (4.0, 4.5))


def logged(folder: Path, seconds: int, phase: str = "", before: int = 0) -> Path:
    """Write a log of decisions, one a second, whose level counts the seconds."""
    folder.mkdir()
    written: list[lines.Line] = [
        lines.HeaderLine(
            t=0.0, seq=0, schema=lines.SCHEMA, versions={}, platform="", seed=1, mode="virtual",
            started_utc="2026-01-01T00:00:00.000+00:00", sensors=[], outputs=[], profile=None,
            simulated=False, baseline=msgspec.Raw(b"null"),
            config=msgspec.Raw(msgspec.json.encode(Config())),
        )
    ]  # fmt: skip
    for k in range(before + seconds):
        params = lines.ParamsItem(60.0, "D ionian", 1.0, 0.5, 0.0, 0.5, 0.2, 0.9, 0.0, 0.0, [])
        written.append(
            lines.DecisionLine(
                t=10.0 + k, seq=len(written), strategy="lead", setpoint=None, params=params, why="",
                numbers={"level": k / 1000} if k else {}, phase=phase if k >= before else "before",
            )
        )  # fmt: skip
    (folder / LOG_NAME).write_bytes(b"".join(encode(line) + b"\n" for line in written))
    return folder


def test_a_recorded_session_leads_from_its_beginning_as_long_as_a_block(tmp_path: Path) -> None:
    stream = donors.recorded(logged(tmp_path / "a", 80), 60.0)
    assert stream.level == pytest.approx([0.3, *(k / 1000 for k in range(2, 61, 2))])
    assert donors.recorded(logged(tmp_path / "b", 57), 60.0).level[-1] == 0.056
    with pytest.raises(TrialError, match="is shorter than a block") as caught:
        donors.recorded(logged(tmp_path / "c", 56), 60.0)
    assert caught.value.hint == "Give sessions of at least 1 minutes."


def test_of_a_session_of_a_trial_its_block_leads(tmp_path: Path) -> None:
    stream = donors.recorded(logged(tmp_path / "a", 70, "block", before=30), 60.0)
    assert stream.level[:2] == (0.03, 0.032)
    assert len(stream.level) == 31


@pytest.mark.slow
def test_virtual_listeners_lead_for_a_block_each(tmp_path: Path) -> None:
    protocol = freeze(tmp_path, DESIGN, days=30, seed=3).protocol
    one, other = donors.simulated(protocol, [1, 2])
    for stream in (one, other):
        assert len(stream.level) == len(stream.tempo_bpm) == len(stream.swell) == 30
        assert all(0.0 <= level <= 1.0 for level in stream.level)
    assert donors.simulated(protocol, [1]) == [one]


def test_a_look_before_the_end_is_written_down_for_good(tmp_path: Path) -> None:
    trial = freeze(tmp_path, DESIGN, days=30, seed=3)
    trial.note_look("2026-01-05", 3)
    trial.note_look("2026-01-06", 4)
    assert [(look.utc, look.pairs) for look in trial.looks()] == [
        ("2026-01-05", 3), ("2026-01-06", 4),
    ]  # fmt: skip


def test_a_folder_that_has_gone_takes_no_look(tmp_path: Path) -> None:
    trial = freeze(tmp_path, DESIGN, days=30, seed=3)
    trial.folder.rename(tmp_path / "away")
    with pytest.raises(FolderError, match="cannot be written"):
        trial.note_look("2026-01-05", 3)
