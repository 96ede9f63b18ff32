"""Whole sessions in virtual time, from a simulated body or listener to the files they leave."""

import asyncio
import threading
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import pytest

from biofeedback.app.plan import SessionPlan
from biofeedback.app.postprocess import write_midi
from biofeedback.app.registry import SensorOptions
from biofeedback.app.runner import SessionResult, SessionRunner
from biofeedback.common.clock import SessionClock, run_virtual, utc_now
from biofeedback.config.loader import load
from biofeedback.record import lines
from biofeedback.record.reader import LOG_NAME, read
from biofeedback.record.rebuild import core_of
from biofeedback.record.score import score_of
from biofeedback.record.verify import verify
from biofeedback.record.writer import LogWriter
from biofeedback.report.outcome import outcome as what_it_teaches
from biofeedback.report.session_data import read_story
from biofeedback.runtime.ports import SensorSource
from biofeedback.runtime.session import Session
from biofeedback.runtime.worker_client import InlineWorker
from sensors.base import SampleStream, SensorStatus
from sensors.signals import Chunk, Signal


async def nothing_to_watch(session: Session) -> None:
    return


def perform(out: Path, **changes: object) -> SessionResult:
    plan: dict[str, object] = {
        "config": load(settings=["state.rest.rest_s=60"]),
        "sensors": ("sim:",),
        "out": out,
        "duration_s": 150.0,
    }
    return SessionRunner(SessionPlan(**{**plan, **changes})).run(nothing_to_watch)  # type: ignore[arg-type]


def of_kind(folder: Path, kind: type) -> list[lines.Line]:
    return [line for _, line in read(folder) if isinstance(line, kind)]


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
    assert decisions[-1].params.tempo_bpm < decisions[80].params.tempo_bpm - 5
    assert decisions[-1].params.density < decisions[80].params.density
    assert len({line.key for line in of_kind(outcome.folder, lines.MusicLine)}) >= 3


class Scripted:
    """A session whose one sensor sends what a test wrote down."""

    def __init__(self, folder: Path, samples: list[object], duration_s: float = 20.0) -> None:
        self.folder, self.samples, self.duration_s = folder, samples, duration_s
        self.session: Session | None = None

    async def stream(self, clock: SessionClock) -> SampleStream:
        for sample in self.samples:
            await asyncio.sleep(1.0)
            if isinstance(sample, Exception):
                raise sample
            yield sample  # type: ignore[misc]
        await asyncio.sleep(3600.0)

    async def run(self, *then: tuple[float, str, str]) -> None:
        clock = SessionClock(asyncio.get_running_loop(), utc_now())
        log = LogWriter(self.folder / LOG_NAME)
        header = lines.HeaderLine(
            t=0.0, seq=0, schema=lines.SCHEMA, versions={}, platform="", started_utc="", seed=1,
            mode="virtual", sensors=[], outputs=[], profile=None, simulated=True,
            baseline=msgspec.Raw(b"null"), config=msgspec.Raw(b"{}"),
        )  # fmt: skip
        source = SensorSource("script:", lambda clock, ear: self.stream(clock), timeless=True)
        self.session = Session(
            core_of(header), [source], [], InlineWorker(), log, clock, self.duration_s
        )
        self.session.begin(header)

        async def act() -> None:
            for time_s, what, value in then:
                await asyncio.sleep(time_s - clock())
                self.session.command("test", what, value)  # type: ignore[arg-type, union-attr]

        acting = asyncio.create_task(act())
        try:
            await self.session.run()
        finally:
            acting.cancel()
            log.close()


def rr(time_s: float, *values_s: float) -> Chunk:
    times = time_s + np.cumsum(values_s) - sum(values_s)
    return Chunk.events(Signal.RR, "script", times, values_s)


def test_whatever_a_sensor_sends_the_session_goes_on_and_can_be_verified(tmp_path: Path) -> None:
    nonsense = [
        rr(1.0, 0.8),
        rr(2.0, float("nan"), 1e9, -5.0),
        Chunk.events(Signal.RR, "script", [], []),
        Chunk.regular(Signal.EDA, "script", 3.0, 4.0, [float("inf"), float("-inf"), 0.0, -1.0]),
        Chunk.regular(Signal.ACC, "script", 4.0, 32.0, np.zeros((32, 3))),
        SensorStatus("script", 5.0, "lost", 0, False, "gone"),
        rr(0.5, 0.9),  # from the past
    ]
    script = Scripted(tmp_path, nonsense)
    run_virtual(script.run)
    verdict = verify(tmp_path, core_of)
    assert verdict.difference is None
    assert verdict.complete


def test_commands_are_inputs_and_stop_ends_with_a_last_bar(tmp_path: Path) -> None:
    script = Scripted(tmp_path, [rr(k + 1.0, 0.8) for k in range(8)], duration_s=600.0)
    run_virtual(lambda: script.run((4.2, "marker", "here"), (5.0, "hold", ""), (30.0, "stop", "")))
    commands = of_kind(tmp_path, lines.CommandLine)
    assert [(c.what, c.value, c.who) for c in commands] == [
        ("marker", "here", "test"), ("hold", "", "test"), ("stop", "", "test"),
    ]  # fmt: skip
    assert commands[0].t == 4.2
    assert of_kind(tmp_path, lines.EndLine)[0].reason == "asked"
    assert score_of(tmp_path).markers == ((4.2, "here"),)
    assert verify(tmp_path, core_of).difference is None


def test_an_error_that_the_user_can_mend_comes_out_as_it_is_and_the_log_is_closed(
    tmp_path: Path,
) -> None:
    from sensors.errors import SensorNotFound

    script = Scripted(tmp_path, [SensorNotFound("no strap", hint="wet it")])
    with pytest.raises(SensorNotFound, match="no strap"):
        run_virtual(script.run)
    assert of_kind(tmp_path, lines.EndLine)[0].reason == "failed"


def test_a_cancelled_session_has_a_complete_log(tmp_path: Path) -> None:
    script = Scripted(tmp_path, [rr(k + 1.0, 0.8) for k in range(8)], duration_s=600.0)

    async def interrupted() -> None:
        task = asyncio.create_task(script.run())
        await asyncio.sleep(10.0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run_virtual(interrupted)
    assert of_kind(tmp_path, lines.EndLine)[0].reason == "interrupted"
    assert verify(tmp_path, core_of).complete


def test_a_sensor_that_is_away_at_the_end_has_its_gap_in_the_log(tmp_path: Path) -> None:
    samples = [rr(k + 1.0, 0.8) for k in range(5)]
    script = Scripted(tmp_path, [*samples, SensorStatus("script", 6.0, "lost")], duration_s=40.0)
    run_virtual(script.run)
    (gap,) = of_kind(tmp_path, lines.GapLine)
    end = of_kind(tmp_path, lines.EndLine)[0]
    assert (gap.signal, gap.start, gap.end, gap.reason) == ("rr", 5.0, end.t, "link")
    assert verify(tmp_path, core_of).difference is None


def test_several_performances_play_on_one_loop_each_with_its_own_clock(tmp_path: Path) -> None:
    def performance(name: str, seed: int) -> SessionRunner:
        return SessionRunner(
            SessionPlan(
                config=load(), sensors=("sim:",), out=tmp_path / name, duration_s=40.0, seed=seed
            )
        )

    async def later(wait_s: float, one: SessionRunner) -> SessionResult | None:
        await asyncio.sleep(wait_s)
        return await one.play(nothing_to_watch)

    async def both() -> list[SessionResult | None]:
        return await asyncio.gather(
            later(0.0, performance("a", 1)), later(7.3, performance("b", 2))
        )

    for outcome in run_virtual(both):
        assert outcome is not None
        assert verify(outcome.folder, core_of).complete
        assert of_kind(outcome.folder, lines.TickLine)[0].t == 0.0


def test_a_slow_disk_holds_up_nobody_else_when_a_live_session_closes_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    went_on, heard, whole = threading.Event(), list[bool](), LogWriter.close
    loops: list[asyncio.AbstractEventLoop] = []
    plan = SessionPlan(
        config=load(), sensors=("sim:",), out=tmp_path, duration_s=60.0, realtime=True
    )
    one = SessionRunner(plan, InlineWorker())

    def slow(log: LogWriter) -> None:
        loops[0].call_soon_threadsafe(went_on.set)
        heard.append(went_on.wait(5.0))
        whole(log)

    async def stop_soon(session: Session) -> None:
        loops.append(asyncio.get_running_loop())
        while not session.has_streamed:  # noqa: ASYNC110 - it has no event of its own
            await asyncio.sleep(0.05)
        session.silence("hand")

    monkeypatch.setattr(LogWriter, "close", slow)
    outcome = one.run(stop_soon)
    assert heard == [True]
    assert outcome is not None
    assert verify(outcome.folder, core_of).complete


def test_a_performance_that_is_cancelled_says_what_it_left(tmp_path: Path) -> None:
    one = SessionRunner(
        SessionPlan(config=load(), sensors=("sim:",), out=tmp_path, duration_s=400.0)
    )

    async def cut_short() -> None:
        task = asyncio.create_task(one.play(nothing_to_watch))
        await asyncio.sleep(20.0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run_virtual(cut_short)
    assert one.outcome is not None
    assert one.outcome.interrupted
    assert verify(one.outcome.folder, core_of).complete


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
