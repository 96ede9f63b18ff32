"""Whole sessions in virtual time, from a simulated body or listener to the files they leave."""

import asyncio
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from rigs.sessions import nothing_to_watch, of_kind

from biofeedback.app.plan import SessionPlan
from biofeedback.app.postprocess import write_midi
from biofeedback.app.registry import SensorOptions
from biofeedback.app.runner import SessionResult, SessionRunner
from biofeedback.config.loader import load
from biofeedback.record import lines
from biofeedback.record.reader import read
from biofeedback.record.rebuild import core_of
from biofeedback.record.score import score_of
from biofeedback.record.verify import verify
from biofeedback.report.outcome import outcome as what_it_teaches
from biofeedback.report.session_data import read_story
from biofeedback.runtime.session import Session

pytestmark = pytest.mark.slow


def perform(out: Path, **changes: object) -> SessionResult:
    plan: dict[str, object] = {
        "config": load(settings=["state.rest.rest_s=60"]),
        "sensors": ("sim:",),
        "out": out,
        "duration_s": 150.0,
    }
    return SessionRunner(SessionPlan(**{**plan, **changes})).run(nothing_to_watch)  # type: ignore[arg-type]


@pytest.mark.parametrize("sensor", ["sim:", "sim:listener", "sim:stress"])
def test_a_session_regenerates_itself_byte_for_byte(tmp_path: Path, sensor: str) -> None:
    outcome = perform(tmp_path, sensors=(sensor,))
    verdict = verify(outcome.folder, core_of)
    assert verdict.difference is None
    assert verdict.complete
    assert verdict.derived > 500


def test_a_free_mapping_and_a_stop_regenerate_themselves(tmp_path: Path) -> None:
    async def suffer(session: Session) -> None:
        await asyncio.sleep(60.0)
        session.command("key", "rating", "distress=9")

    plan = SessionPlan(config=load("improvise"), sensors=("sim:",), out=tmp_path, duration_s=190.0)
    outcome = SessionRunner(plan).run(suffer)
    assert outcome is not None
    decisions = of_kind(outcome.folder, lines.DecisionLine)
    assert {line.cause for line in decisions} >= {"heart_rate", "stop:distress"}
    assert decisions[-1].params.rest
    assert verify(outcome.folder, core_of).difference is None


def test_another_style_and_bounds_are_taken_while_it_plays_and_regenerate(tmp_path: Path) -> None:
    async def steer(session: Session) -> None:
        await asyncio.sleep(30.0)
        for wish in ("style=lofi for 60", "tempo_most_bpm=50 for 60", "volume_most=0.3 for 60"):
            session.command("web:therapist:Ann", "override", wish)

    plan = SessionPlan(config=load(), sensors=("sim:",), out=tmp_path, duration_s=150.0)
    outcome = SessionRunner(plan).run(steer)
    assert outcome is not None
    decisions = of_kind(outcome.folder, lines.DecisionLine)
    within = [line for line in decisions if 50.0 < line.t < 88.0]
    assert max(line.params.tempo_bpm for line in within) <= 50.0
    assert {line.numbers["volume_most"] for line in within} == {0.3}
    assert "Ann asked for style=lofi until 1:30" in within[0].why
    assert "volume_most" not in decisions[-1].numbers
    notes = of_kind(outcome.folder, lines.NoteLine)
    layers = {line.layer for line in notes if 50.0 < line.t < 88.0}
    assert "percussion" in layers  # lofi has a drum, ambient has none
    assert verify(outcome.folder, core_of).difference is None
    told = what_it_teaches(
        read_story(outcome.folder, lambda share: None)
    )  # not what the config's style does
    assert told == "another style was asked for while it played"


def test_equal_seeds_give_equal_music_and_another_seed_another(tmp_path: Path) -> None:
    files = []
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        outcome = perform(tmp_path / name, seed=seed, options=SensorOptions(seed=1))
        files.append(write_midi(outcome.folder, outcome.folder / "session.mid").read_bytes())
    assert files[0] == files[1]
    assert files[0] != files[2]


def test_sequence_numbers_have_no_hole_and_time_never_goes_back(tmp_path: Path) -> None:
    outcome = perform(tmp_path)
    logged = [line for _, line in read(outcome.folder)]
    assert [line.seq for line in logged] == list(range(len(logged)))
    times = [line.t for line in logged]
    assert times == sorted(times)


def test_music_starts_with_the_first_sample_and_ends_with_a_cadence(tmp_path: Path) -> None:
    outcome = perform(tmp_path)
    first_chunk = of_kind(outcome.folder, lines.ChunkLine)[0]
    first_tempo = of_kind(outcome.folder, lines.TempoLine)[0]
    assert first_chunk.t <= first_tempo.time <= first_chunk.t + 1.0
    score = score_of(outcome.folder)
    end = of_kind(outcome.folder, lines.EndLine)[0]
    assert end.reason == "duration"
    assert score.end_s <= end.t
    assert end.t <= 150.0 + first_chunk.t + 1.0
    assert end.t > 138.0
    bars = of_kind(outcome.folder, lines.MusicLine)
    assert bars[-1].section == "ending"
    assert score.notes[-1].beat >= bars[-1].beat


def test_tempo_is_continuous_in_beats(tmp_path: Path) -> None:
    tempo = score_of(perform(tmp_path, sensors=("sim:listener",)).folder).tempo_map
    for before, after in zip(tempo.segments, tempo.segments[1:], strict=False):
        beats = (after.time_s - before.time_s) * before.bpm / 60
        assert after.beat == pytest.approx(before.beat + beats)


def test_the_virtual_listener_is_led_down_and_a_null_listener_is_not(tmp_path: Path) -> None:
    from biofeedback.simulation.listener import ArousalCourse, ListenerSettings
    from biofeedback.simulation.model.music_features import MusicMonitor
    from synth.params import MusicParams

    calm = MusicParams(tempo_bpm=62.0, density=1.2)
    courses = {}
    for kind in ("responder", "null"):
        ear = MusicMonitor()
        ear.feed(calm)
        listener = ArousalCourse(ListenerSettings(kind=kind, start=0.6, rest=0.6))  # type: ignore[arg-type]
        courses[kind] = [listener.step(ear.music, 1.0) for _ in range(180)]
    assert courses["responder"][-1] < 0.4
    assert abs(courses["null"][-1] - 0.6) < 0.15


def test_the_demo_leads_its_listener_down(tmp_path: Path) -> None:
    from biofeedback.simulation.listener import resting_baseline

    outcome = perform(
        tmp_path,
        config=load("demo"),
        sensors=("sim:listener",),
        baseline=resting_baseline(1),
        duration_s=180.0,
    )
    arousal = [line.arousal for line in of_kind(outcome.folder, lines.StateLine)]
    decisions = of_kind(outcome.folder, lines.DecisionLine)
    assert np.mean(arousal[-40:]) < np.mean(arousal[40:80]) - 0.2
    met = next(line for line in decisions if "leads down" in line.why)
    assert decisions[-1].params.tempo_bpm < met.params.tempo_bpm - 5
    assert decisions[-1].params.density < met.params.density
    assert len({line.key for line in of_kind(outcome.folder, lines.MusicLine)}) >= 3


def test_what_a_person_asks_of_the_music_replays_and_nonsense_is_not_even_logged(
    tmp_path: Path,
) -> None:
    from biofeedback.common.errors import CommandError

    async def ask(session: Session) -> None:
        await asyncio.sleep(20.0)
        session.command("web:therapist:Ann", "override", "tempo_bpm=90 for 30")
        session.command("key", "rating", "relaxation=6")
        session.command("key", "adverse", "dizzy")
        with pytest.raises(CommandError):
            session.command("key", "override", "tempo_bpm=fast")

    plan = SessionPlan(config=load(), sensors=("sim:",), out=tmp_path, duration_s=90.0)
    outcome = SessionRunner(plan).run(ask)
    assert outcome is not None
    commands = [line.what for line in of_kind(outcome.folder, lines.CommandLine)]
    assert commands == ["override", "rating", "adverse", "stop"]
    whys = [line.why for line in of_kind(outcome.folder, lines.DecisionLine)]
    assert sum("Ann asked for tempo_bpm=90 until 0:50." in why for why in whys) in (59, 60)
    assert max(line.bpm for line in of_kind(outcome.folder, lines.TempoLine)) > 80
    assert verify(outcome.folder, core_of).difference is None


def test_a_programme_ends_by_itself_and_replays(tmp_path: Path) -> None:
    programme = tmp_path / "short.toml"
    programme.write_text(
        'title = "short"\n'
        '[[phase]]\nname = "mirror"\nstrategy = "mirror"\nuntil = { minutes = 0.5 }\n'
        '[[phase]]\nname = "pause"\nstrategy = "silence"\nuntil = { minutes = 0.7 }\n'
        '[[phase]]\nname = "back"\nstrategy = "fixed"\nuntil = { minutes = 0.5 }\n',
        encoding="utf-8",
    )
    outcome = perform(tmp_path / "out", config=load(str(programme)), duration_s=600.0)
    end = of_kind(outcome.folder, lines.EndLine)[0]
    assert end.reason == "programme ended"
    assert end.t < 200.0
    decisions = of_kind(outcome.folder, lines.DecisionLine)
    phases = [line.phase for line in decisions]
    assert list(dict.fromkeys(phases)) == ["mirror", "pause", "back"]
    bars = [line for line in of_kind(outcome.folder, lines.MusicLine) if line.section == "rest"]
    assert len(bars) >= 3  # silence
    begun = [line.t for line, before in zip(decisions[1:], phases, strict=False)
             if line.phase != before]  # fmt: skip
    tempo = score_of(outcome.folder).tempo_map
    starts = [tempo.time_at(line.beat) for line in of_kind(outcome.folder, lines.MusicLine)
              if line.phrase_start]  # fmt: skip
    for time_s in begun:
        assert min(abs(time_s - start) for start in starts) < 0.6
    assert verify(outcome.folder, core_of).difference is None


def test_a_style_that_is_withdrawn_before_it_sounded_leaves_nothing_behind(tmp_path: Path) -> None:
    def last(out: Path, watch) -> lines.ParamsItem:
        plan = SessionPlan(config=load("control"), sensors=("sim:",), out=out, duration_s=150.0)
        performance = SessionRunner(plan)
        folder = performance.run(partial(watch, performance)).folder
        return [line for _, line in read(folder) if isinstance(line, lines.DecisionLine)][-1].params

    async def leave(performance: SessionRunner, session: Session) -> None:
        return

    async def change_ones_mind(performance: SessionRunner, session: Session) -> None:
        await asyncio.sleep(5.0)
        session.command("desk", "override", "style=pulse for 300")
        while performance._core._composer.style.name != "pulse":  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.5)
        session.command("desk", "release", "style")
        session.command("desk", "panic")

    undisturbed, changed = last(tmp_path / "1", leave), last(tmp_path / "2", change_ones_mind)
    assert changed.tempo_bpm == pytest.approx(undisturbed.tempo_bpm, abs=2.0)
    assert changed.density == pytest.approx(undisturbed.density, abs=0.2)
