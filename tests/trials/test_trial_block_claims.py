"""What a block plays by its arm, and what its log comes to, against logs written by hand."""

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from test_trial_preparation_claims import logged
from test_trial_rules import DESIGN, PARAMS

from biofeedback.record import lines
from biofeedback.record.line import encode
from biofeedback.record.reader import LOG_NAME, read_header
from biofeedback.trials import analysis
from biofeedback.trials.arms import config_of
from biofeedback.trials.blocks import TrialBlock, read_block
from biofeedback.trials.design import freeze
from biofeedback.trials.folder import BlockAttempt
from biofeedback.trials.permutation import compare

ARMS = ["adaptive", "yoked", "fixed6", "silence"]


def test_each_arm_plays_what_it_is_and_recorded_sessions_lead_in_turn(tmp_path: Path) -> None:
    donors = [logged(tmp_path / name, 70, "block", before=20 * k) for k, name in enumerate("ab")]
    design = msgspec.structs.replace(DESIGN, arms=ARMS)
    trial = freeze(tmp_path / "trials", design, days=30, donors=donors, seed=3)
    allocation, middles = trial.allocation(), []
    yoked = [b for b in range(1, 33) if allocation.arm(b) == "yoked"]
    assert list(allocation.streams) == [str(block) for block in yoked]
    for block in range(1, 33):
        config, arm = config_of(trial.protocol, allocation, block), allocation.arm(block)
        assert config.title == f"Trial t, block {block}"
        before, middle, answers = config.phase
        assert before.strategy == answers.strategy == "silence"
        assert middle.strategy == {"adaptive": "breathe", "fixed6": "fixed"}.get(arm, arm)
        if arm == "fixed6":
            assert middle.fixed is not None
            assert middle.fixed.breaths_per_minute == 6.0
        if arm == "yoked":
            middles.append(middle.yoked)
    first, second = middles[:2]
    assert first != second
    assert [each == (first, second)[k % 2] for k, each in enumerate(middles)] == [True] * 8
    assert first is not None
    assert len(first.level) == 31  # a block of a minute, each two seconds


def test_virtual_listeners_lead_where_nothing_was_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    stream = config_stream(tmp_path)

    def simulated(protocol: object, seeds: list[int]) -> list[object]:
        asked.extend(seeds)
        return [stream for _ in seeds]

    monkeypatch.setattr("biofeedback.trials.donors.simulated", simulated)
    design = msgspec.structs.replace(DESIGN, arms=["adaptive", "yoked"])
    trial = freeze(tmp_path / "trials", design, days=30, seed=3)
    assert len(asked) == len(set(asked)) == 6  # each of six may lead several blocks
    assert all(1_000_000 <= seed < 2_000_000 for seed in asked)
    assert set(trial.allocation().streams) == {
        str(block) for block in range(1, 17) if trial.allocation().arm(block) == "yoked"
    }


def config_stream(tmp_path: Path) -> object:
    from biofeedback.trials import donors

    return donors.recorded(logged(tmp_path / "donor", 70), 60.0)


def block_of(tmp_path: Path, written: list[lines.Line]) -> TrialBlock:
    trial = freeze(tmp_path / "trials", DESIGN, days=30, seed=3)
    header = read_header(logged(tmp_path / "head", 1))
    folder = tmp_path / "block"
    folder.mkdir()
    in_time = sorted(written, key=lambda line: line.t)
    numbered = [msgspec.structs.replace(line, seq=k) for k, line in enumerate(in_time, 1)]
    (folder / LOG_NAME).write_bytes(b"".join(encode(line) + b"\n" for line in (header, *numbered)))
    attempt = BlockAttempt(folder, 1, 1, "", complete=True, simulated=False)
    return read_block(attempt, trial.protocol)


def decided(t: float, phase: str = "block", cause: str = "") -> lines.Line:
    return lines.DecisionLine(
        t=t, seq=0, strategy="lead", setpoint=None, params=PARAMS, why="", numbers={},
        phase=phase, cause=cause,
    )  # fmt: skip


def measured(t: float, value: float | None, quality: float = 1.0) -> lines.Line:
    item = lines.ReadingItem("heart_rate", value, "bpm", 10.0, t, quality, 1.0)
    return lines.ReadingLine(t=t, seq=0, readings=[item])


def felt(t: float, arousal: float, confidence: float = 1.0, phase: str = "tracking") -> lines.Line:
    return lines.StateLine(
        t=t, seq=0, arousal=arousal, low=0.0, high=1.0, confidence=confidence, phase=phase,
        breaths_per_minute=None, contributions={},
    )  # fmt: skip


def missed(start: float, end: float) -> lines.Line:
    return lines.GapLine(
        t=end, seq=0, source="rr-1", signal="rr", reason="link", start=start, end=end
    )


def said(what: str, value: str) -> lines.Line:
    return lines.CommandLine(t=70.0, seq=0, who="key", what=what, value=value)


def test_a_block_is_the_mean_of_what_counts_from_its_settling_on(tmp_path: Path) -> None:
    found = block_of(tmp_path, [
        decided(1.0, "before"), measured(1.5, 200.0),
        decided(2.0), measured(3.0, 200.0), felt(3.0, 1.0),  # before it has settled, 10 s in
        decided(12.0), measured(12.0, 60.0, 0.3), measured(13.0, 64.0), measured(14.0, None),
        measured(15.0, 200.0, 0.29),
        felt(12.0, 0.2, 0.25), felt(12.5, 0.4), felt(13.0, 1.0, 0.24), felt(13.5, 1.0, 1.0, "rest"),
        felt(14.0, 0.6),
        decided(62.0, cause="stop:heart"), decided(65.0, "answers", "stopped"),
        measured(65.0, 200.0), felt(65.0, 1.0),
    ])  # fmt: skip
    assert found.problem == ""
    assert found.values["heart_rate"].mean == 62.0
    assert found.values["heart_rate"].coverage == 2 / 4
    assert found.values["arousal"].mean == pytest.approx(0.4)
    assert found.values["arousal"].coverage == 3 / 5
    assert set(found.values) == {"heart_rate", "arousal"}
    assert (found.minutes, found.stops) == (1.0, 2)


def test_what_was_said_and_missed_in_a_block_is_kept_as_it_was(tmp_path: Path) -> None:
    found = block_of(tmp_path, [
        decided(2.0), decided(62.0),
        missed(15.0, 18.5), missed(28.0, 29.0),
        said("rating", "relaxation=6"), said("rating", "valence=2.5"), said("guess", "silence"),
        said("adverse", "dizzy"), said("adverse", "hot"), said("hold", "on"),
        said("override", "tempo_bpm=60"), said("marker", "here"),
    ])  # fmt: skip
    assert found.gap_s == 4.5
    assert found.ratings == {"relaxation": 6.0, "valence": 2.5}
    assert (found.guess, found.adverse, found.by_hand) == ("silence", ("dizzy", "hot"), 2)


def test_holms_p_values_by_hand() -> None:
    """Of .01, .04, .03, .005 the least is times 4, the next times 3 ..., and none falls again."""

    def compared(end_point: str, p: float, pairs: int = 8) -> analysis.ArmComparison:
        test = replace(compare(np.ones(8)), p=p, pairs=pairs)
        return analysis.ArmComparison(
            end_point,
            "silence",
            test,
            (0.0, 0.0),
            (1.0,) * pairs,
            0,
            None,  # type: ignore[arg-type]
        )

    given = [compared("a", 0.01), compared("b", 0.04), compared("none", 1.0, 0),
             compared("c", 0.03), compared("d", 0.005)]  # fmt: skip
    found = analysis._adjusted(given)
    assert [c.end_point for c in found] == ["a", "b", "none", "c", "d"]
    assert [c.adjusted for c in found] == [
        pytest.approx(0.03), pytest.approx(0.06), None, pytest.approx(0.06), pytest.approx(0.02),
    ]  # fmt: skip
    high = analysis._adjusted([compared("a", 0.6), compared("b", 0.7)])
    assert [c.adjusted for c in high] == [1.0, 1.0]
