"""Several bodies, one music: who counts, what moving together is, and who stops it."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from biofeedback.cli.app import run
from biofeedback.config import loader
from biofeedback.control.base import ControlInput
from biofeedback.control.colour import opened
from biofeedback.control.safety import GroupSafety, SafetySettings
from biofeedback.group.rules import mean, mean_readings, weights
from biofeedback.group.settings import GroupSettings
from biofeedback.group.synchrony import Synchrony
from biofeedback.metrics.bank import MetricBank, MetricSettings
from biofeedback.metrics.base import Reading
from biofeedback.metrics.beats import Beat
from biofeedback.record.lines import StateLine
from biofeedback.record.reader import read
from biofeedback.record.rebuild import core_of
from biofeedback.record.verify import verify
from biofeedback.state.estimator import State, SubjectState
from sensors.signals import Signal
from sensors.simulated.body import BodySettings, SimulatedBody
from synth.params import MusicParams


def odds(share: float) -> float:
    return math.log(share / (1.0 - share))


def worn(
    arousal: float, sd: float = 0.5, confidence: float = 0.8, heart: float = 70.0
) -> SubjectState:
    def at(shift: float) -> float:
        return 1.0 / (1.0 + math.exp(-odds(arousal) - shift * 1.645 * sd))

    state = State(0.0, arousal, at(-1), at(1), confidence, "tracking", {"heart_rate": 0.5})
    return SubjectState(state, (Reading("heart_rate", heart, "bpm", 10.0, 0.0, 1.0, 1.0),))


def test_a_wearer_counts_as_precisely_as_they_are_known() -> None:
    bodies = {"robin": worn(0.3, sd=0.5), "kim": worn(0.6, sd=1.0)}
    shares = weights(bodies)
    assert shares["robin"] == pytest.approx(0.8)  # 1/0.25 against 1/1
    state = mean(bodies, shares, 7.0)
    assert odds(state.arousal) == pytest.approx(0.8 * odds(0.3) + 0.2 * odds(0.6))
    sd = (odds(state.high) - odds(state.low)) / (2 * 1.645)
    assert sd == pytest.approx(1.0 / math.sqrt(1 / 0.25 + 1 / 1.0))
    assert state.contributions == {"robin/heart_rate": 0.5, "kim/heart_rate": 0.5}


def test_who_is_unsure_drops_out_and_the_music_follows_the_rest() -> None:
    bodies = {"robin": worn(0.2), "kim": worn(0.9, confidence=0.1, heart=150.0)}
    shares = weights(bodies)
    assert shares == {"robin": 1.0, "kim": 0.0}
    assert mean(bodies, shares, 0.0).arousal == pytest.approx(0.2)
    assert mean_readings(bodies, shares)[0].value == 70.0


def test_nobody_drops_out_with_a_jump() -> None:
    steps = [weights({"robin": worn(0.2), "kim": worn(0.9, confidence=c)})["kim"]
             for c in np.arange(0.4, 0.1, -0.01)]  # fmt: skip
    assert steps[0] == pytest.approx(0.5)
    assert steps[-1] == 0.0
    assert max(-np.diff(steps)) < 0.05


def test_when_nobody_can_be_told_the_group_cannot_either() -> None:
    bodies = {"robin": worn(0.2, confidence=0.05), "kim": worn(0.9, confidence=0.0)}
    state = mean(bodies, weights(bodies), 0.0)
    assert state.confidence == 0.0
    assert mean_readings(bodies, weights(bodies))[0].value is None


def together(pull: float, seed: int, minutes: float = 8.0) -> tuple[float, float]:
    """Return the mean synchrony of two simulated bodies, and how often it is beyond chance."""
    synchrony = Synchrony(("a", "b"))
    bodies = {
        name: SimulatedBody(
            BodySettings(profile="calm", seed=100 * seed + k, own_waves=True, together=pull), name
        )
        for k, name in enumerate("ab")
    }
    banks = {name: MetricBank(MetricSettings()) for name in bodies}
    found = []
    for second in range(1, int(60 * minutes)):
        for name, body in bodies.items():
            for chunk in body.step(float(second)):
                beats = banks[name].feed(chunk) if chunk.signal is Signal.RR else ()
                for beat in beats:
                    assert isinstance(beat, Beat)
                    synchrony.feed(name, beat)
        value, likeness, chance = synchrony.read(float(second))
        if value.value is not None:
            assert likeness.value is not None
            assert chance.value is not None
            found.append((value.value, likeness.value > chance.value))
    assert len(found) > 0.7 * 60 * minutes
    values, beyond = np.array(found).T
    return float(values.mean()), float(beyond.mean())


@pytest.mark.slow
def test_bodies_with_nothing_in_common_are_not_called_together() -> None:
    values, beyond = np.array([together(0.0, seed) for seed in range(4)]).T
    assert beyond.mean() <= 0.05
    assert values.mean() <= 0.02


@pytest.mark.slow
def test_bodies_that_breathe_together_are_found() -> None:
    values, beyond = np.array([together(0.2, seed) for seed in range(4)]).T
    assert beyond.mean() >= 0.7
    assert values.min() >= 0.1


def test_a_heart_that_was_not_seen_moves_with_nobody() -> None:
    synchrony = Synchrony(("a", "b"))
    for k in range(400):
        synchrony.feed("a", Beat(0.8 * k, 800.0 + 50.0 * math.sin(k), "normal"))
    assert [reading.value for reading in synchrony.read(320.0)] == [None, None, None]


def test_one_who_is_unwell_is_enough_to_stop_the_lead() -> None:
    rules = GroupSafety(SafetySettings(), ("robin", "kim"))
    stop = None
    for tick in range(60):
        bodies = {"robin": worn(0.2), "kim": worn(0.3, heart=170.0)}
        state = worn(0.25).state
        stop = rules.step(ControlInput(state, 0.5, bodies=bodies), 0.5, leads=True)
        assert stop is None or tick > 30
    assert stop is not None
    assert stop.rule == "heart_rate"
    assert stop.why.startswith("kim: Heart rate 170")
    assert stop.calmer


def test_distress_of_anybody_stops_for_all_and_resume_is_for_all() -> None:
    rules = GroupSafety(SafetySettings(), ("robin", "kim"))
    bodies = {"robin": worn(0.2), "kim": worn(0.3)}
    rated = ControlInput(worn(0.2).state, 0.5, bodies=bodies, rated={"distress": 9.0})
    stop = rules.step(rated, 0.5, leads=True)
    assert stop is not None
    assert stop.rule == "distress"
    rules.resume()
    quiet = ControlInput(worn(0.2).state, 0.5, bodies=bodies)
    assert rules.step(quiet, 0.5, leads=True) is None


def test_moving_together_opens_the_music_within_its_ranges() -> None:
    params = MusicParams(tension=0.5, brightness=0.9, dynamics=0.95, register=0.9)
    assert opened(params, 0.0) == params
    wide = opened(params, 1.0)
    assert wide.tension < params.tension
    assert max(wide.brightness, wide.dynamics, wide.register) <= 1.0


@pytest.mark.parametrize(
    ("rule", "leader"), [("mean", "robin"), ("leader", ""), ("leader", "ann"), ("synchrony", "kim")]
)
def test_a_leader_belongs_to_the_rule_leader(rule: str, leader: str) -> None:
    with pytest.raises(ValueError, match="leader"):
        GroupSettings(wearers=("robin", "kim"), rule=rule, leader=leader)  # type: ignore[arg-type]


def led(out: Path, other: str) -> Path:
    """Return a minute in which robin leads, whatever kim does."""
    wearers = ["-w", "robin=sim:stress", "-w", f"kim=sim:{other}", "--group", "leader:robin"]
    assert (
        run(["run", *wearers, "--seed", "1", "--fast", "--duration", "60", "--out", str(out)]) == 0
    )
    return next(out.iterdir())


@pytest.fixture(scope="module")
def minute(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return led(tmp_path_factory.mktemp("led"), "calm")


def arousal(session: Path) -> list[float]:
    return [line.arousal for _, line in read(session) if isinstance(line, StateLine)]


@pytest.mark.slow
def test_a_leader_leads_whatever_the_others_do(minute: Path, tmp_path: Path) -> None:
    assert arousal(minute) == arousal(led(tmp_path, "stress"))


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("group")
    wearers = [part for name in ("robin", "kim") for part in ("-w", f"{name}=sim:together")]
    options = ["--group", "synchrony", "--fast", "--duration", "300", "--out", str(out)]
    command = ["run", *wearers, "--seed", "1", *options]
    assert run(command) == 0
    return next(out.iterdir())


@pytest.mark.slow
def test_a_group_explains_itself_and_its_music_opens_as_they_move_together(session: Path) -> None:
    verdict = verify(session, core_of)
    assert verdict.complete
    assert verdict.difference is None
    lines = [json.loads(raw) for raw, _ in read(session)]
    names = {item[0] for line in lines if line["kind"] == "reading" for item in line["readings"]}
    assert {"heart_rate", "robin/arousal", "kim/heart_rate", "kim/scl", "synchrony"} <= names
    assert {line["wearer"] for line in lines if line["kind"] == "beat"} == {"robin", "kim"}
    assert {line["source"] for line in lines if line["kind"] == "chunk"} == {
        f"{name}/simulated" for name in ("robin", "kim")
    }
    decisions = [line for line in lines if line["kind"] == "decision"]
    assert max(line["numbers"]["together"] for line in decisions) > 0.05
    assert any("move together" in line["why"] for line in decisions)


@pytest.mark.slow
def test_a_groups_recording_plays_again_as_a_group_by_this_rule_or_another(
    minute: Path, tmp_path: Path
) -> None:
    for name, options in (("same", []), ("mean", ["--group", "mean"])):
        out = tmp_path / name
        assert run(["replay", str(minute), "--out", str(out), *options]) == 0
        again = next(out.iterdir())
        assert verify(again, core_of).difference is None
        assert (arousal(again)[:100] == arousal(minute)[:100]) == (name == "same")


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "bids", "edf", "xdf", "parquet", "rr"])
def test_a_group_can_be_exported(session: Path, tmp_path: Path, form: str) -> None:
    assert run(["export", str(session), str(tmp_path / "out"), "--to", form]) == 0
    if form == "csv":
        head = (tmp_path / "out" / "beats.csv").read_text().splitlines()[0]
        assert head.endswith("wearer")


@pytest.mark.slow
def test_a_group_has_a_report(session: Path) -> None:
    page = (session / "report.html").read_text()
    assert "robin and kim made this music together" in page
    assert "moved together more than chance" in page


@pytest.mark.parametrize(
    "options",
    [
        ["--group", "mean"],
        ["-w", "robin=sim:", "--group", "mean"],
        ["-w", "robin=sim:", "-w", "kim=sim:", "--group", "leader:ann"],
        ["-w", "robin=sim:", "-w", "kim=sim:", "--group", "choir"],
        ["-w", "robin", "-w", "kim=sim:"],
        ["-w", "ro/bin=sim:", "-w", "kim=sim:"],
        ["-w", "robin=sim:", "-w", "kim=sim:", "-s", "sim:"],
        ["-w", "robin=sim:", "-w", "kim=sim:", "--profile", "robin"],
    ],
)
def test_a_mistake_about_a_group_is_one_clear_line(
    options: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(["run", "--fast", "--duration", "5", "--out", str(tmp_path), *options]) == 2
    said = capsys.readouterr().err
    assert said.count("Error:") == 1
    assert "--wearer" in said
    assert not list(tmp_path.iterdir())


def test_the_config_keeps_the_group() -> None:
    loaded = loader.load(tables={"group": {"wearers": ["robin", "kim"], "rule": "synchrony"}})
    assert loaded.group == GroupSettings(wearers=("robin", "kim"), rule="synchrony")
    assert 'rule = "synchrony"' in loader.to_toml(loaded)
    assert "group" not in loader.to_toml(loader.load())
