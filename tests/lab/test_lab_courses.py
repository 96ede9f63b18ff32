"""What the lab measures on courses written by hand, and on a few listeners of each family."""

import math
from pathlib import Path

import msgspec
import pytest

from biofeedback.cli.app import run
from biofeedback.lab import figure, full
from biofeedback.lab.base import NOTICE, LabCase, SessionCourse
from biofeedback.lab.measures import judge
from biofeedback.simulation.crowd import FAMILIES, FamilyName


def course(arousal: list[float], **changes: object) -> SessionCourse:
    n = len(arousal)
    values: dict[str, object] = {
        "case": LabCase(family="a", kind="responder", seed=1),
        "arousal": arousal,
        "own_breaths": 14.0,
        "resonance": 6.0,
        "upward": 0,
        "stops": [],
        "reasons": [],
    }
    for name in ("estimate", "confidence", "level", "tempo_bpm", "pace", "breaths", "captured"):
        values[name] = [0.0] * n
    return SessionCourse(**{**values, **changes})  # type: ignore[arg-type]


def test_a_listener_who_comes_down_and_stays_is_a_success() -> None:
    verdict = judge(course([max(0.25, 0.8 - 0.003 * k) for k in range(600)]))
    assert verdict.success
    assert verdict.arrived_s == pytest.approx(165.0, abs=3.0)  # the mean of 30 s passes 0.35
    assert verdict.overshoot == pytest.approx(0.0)
    assert not verdict.cycles


def test_one_who_stays_up_or_comes_late_is_none() -> None:
    assert not judge(course([0.6] * 600)).success
    assert not judge(course([0.8] * 500 + [0.25] * 100)).success


def test_overshoot_and_cycles_are_seen() -> None:
    swinging = [0.25 + 0.09 * math.sin(2 * math.pi * k / 90) for k in range(600)]
    assert judge(course(swinging)).cycles
    assert not judge(course([0.25 + 0.02 * math.sin(k / 10) for k in range(600)])).cycles
    deep = [0.6] * 60 + [0.3] * 60 + [0.05] * 480
    assert judge(course(deep)).overshoot == pytest.approx(0.2)


def test_paces_are_held_against_the_own_rate() -> None:
    paced = course([0.5] * 120, pace=[0.0] * 60 + [10.5] * 30 + [7.0] * 30)
    verdict = judge(paced)
    assert (verdict.fastest_pace, verdict.slowest_pace) == (0.75, 7.0)


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_leading_brings_a_responder_down_and_equal_seeds_give_equal_courses(
    family: FamilyName,
) -> None:
    case = LabCase(family=family, kind="responder", seed=7, minutes=6.0)
    led = full.run(case)
    stirred = full.run(msgspec.structs.replace(case, strategy="random"))
    assert judge(led).fall > 0.15
    assert judge(led).end < judge(stirred).end
    assert full.run(msgspec.structs.replace(case, minutes=1.0)).arousal == led.arousal[:60]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["dropout", "motion"])
@pytest.mark.parametrize("family", FAMILIES)
def test_nothing_moves_up_while_the_body_is_out_of_sight(family: FamilyName, kind: str) -> None:
    verdict = judge(full.run(LabCase(family=family, kind=kind, seed=11, minutes=6.0)))  # type: ignore[arg-type]
    assert verdict.upward == 0


@pytest.mark.slow
def test_the_command_prints_a_table_and_draws_a_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "lab.svg"
    words = ["lab", "--quick", "--type", "null", "--family", "b", "--picture", str(picture)]
    assert run(words) == 0
    output = capsys.readouterr().out
    assert NOTICE in output
    assert "null b" in output
    assert "proves the controller" in picture.read_text(encoding="utf-8") or picture.stat().st_size
    assert run([*words[:-2], "--json"]) == 0
    told = msgspec.json.decode(capsys.readouterr().out)
    assert told["notice"] == NOTICE
    assert told["rows"][0]["n"] == 3


@pytest.mark.parametrize("words", [["--type", "robot"], ["--family", "c"], ["--strategy", "guess"]])
def test_a_mistake_is_one_clear_line(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lab", "--quick", *words]) == 2
    assert capsys.readouterr().err.count("Error:") == 1


def test_a_picture_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="cannot be written"):
        figure.draw([course([0.5] * 10)], tmp_path / "lab.nonsense")
