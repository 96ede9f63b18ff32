"""What goes wrong around a session: late ticks, panics, clocks that jump, two bodies, odd input."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

import msgspec
import numpy as np
import pytest
from rigs.sessions import nothing_to_watch

from biofeedback.app.plan import SessionPlan
from biofeedback.app.runner import SessionRunner
from biofeedback.common.clock import SessionClock, run_virtual, utc_now
from biofeedback.common.errors import ConfigError
from biofeedback.config.loader import load
from biofeedback.control.base import Decision
from biofeedback.engine.core import Core
from biofeedback.engine.inputs import BarRequest, Command, Tick
from biofeedback.personal import profiles
from biofeedback.record import lines
from biofeedback.record.reader import read
from biofeedback.record.rebuild import core_of
from biofeedback.record.score import score_of
from biofeedback.record.verify import verify
from biofeedback.runtime.sanitizer import Sanitizer
from biofeedback.runtime.session import Session
from sensors.base import SensorStatus
from sensors.signals import Chunk, Gap, Signal
from synth.events import Bar, Cancel
from synth.tempo_map import TempoSegment


def core() -> Core:
    return core_of(
        lines.HeaderLine(
            t=0.0, seq=0, schema=lines.SCHEMA, versions={}, platform="", started_utc="", seed=1,
            mode="virtual", sensors=[], outputs=[], profile=None, simulated=True,
            baseline=msgspec.Raw(b"null"), config=msgspec.Raw(b"{}"),
        )
    )  # fmt: skip


def test_skipped_ticks_count_as_the_time_they_stand_for() -> None:
    whole, gappy = core(), core()
    for index in range(121):
        all_of_them = whole.feed(index, index / 2, Tick(index))
        if index % 20 == 0:
            some = gappy.feed(index, index / 2, Tick(index))
    levels = [d.numbers["level"] for d in (*all_of_them, *some) if isinstance(d, Decision)]
    assert levels[0] == pytest.approx(levels[1], abs=1e-9)


def test_a_late_tick_never_changes_the_tempo_in_the_past() -> None:
    late = core()
    late.feed(0, 0.0, BarRequest(0, 0.0))
    for index in range(1, 400):
        fed_at_s = index / 2 + 0.45
        for derived in late.feed(index, fed_at_s, Tick(index)):
            if isinstance(derived, TempoSegment):
                assert derived.time_s > fed_at_s


def test_a_panic_cuts_the_score_and_the_music_goes_on_with_the_next_bar() -> None:
    piece = core()
    bars = []
    for k in range(3):
        piece.feed(k, float(k), BarRequest(*piece.next_bar))
    assert piece.tempo_map is not None
    now_s = piece.tempo_map.time_at(5.0)  # within the second bar; the third is composed already
    cancels = piece.feed(9, now_s, Command("key", "panic"))
    assert [type(d) for d in cancels] == [Cancel]
    assert cancels[0].from_beat == pytest.approx(5.0)
    assert piece.next_bar == (2, 8.0)
    bars = [d for d in piece.feed(10, now_s, BarRequest(2, 8.0)) if isinstance(d, Bar)]
    assert bars[0].notes


def perform(out: Path, **changes: object) -> Path:
    plan: dict[str, object] = {
        "config": load(settings=["state.rest.rest_s=30"]), "sensors": ("sim:",), "out": out,
        "duration_s": 60.0,
    }  # fmt: skip
    outcome = SessionRunner(SessionPlan(**{**plan, **changes})).run(nothing_to_watch)  # type: ignore[arg-type]
    assert outcome is not None
    return outcome.folder


def test_a_panic_in_a_session_is_heard_in_its_score(tmp_path: Path) -> None:
    async def press(session: Session) -> None:
        await asyncio.sleep(20.0)
        session.command("key", "panic")

    plan = SessionPlan(config=load(), sensors=("sim:",), out=tmp_path, duration_s=60.0)
    outcome = SessionRunner(plan).run(press)
    assert outcome is not None
    score = score_of(outcome.folder)
    panic_beat = score.tempo_map.beat_at(20.0)
    across = [n for n in score.notes if n.beat < panic_beat < n.beat + n.beats - 1e-9]
    assert not across
    assert any(n.beat > panic_beat for n in score.notes)
    assert verify(outcome.folder, core_of).difference is None


def test_a_sensor_of_the_same_name_keeps_a_source_of_its_own(tmp_path: Path) -> None:
    folder = perform(tmp_path, sensors=("sim:calm", "sim:stress"))
    chunks = [line for _, line in read(folder) if isinstance(line, lines.ChunkLine)]
    assert {c.source for c in chunks} == {"simulated", "simulated #2"}
    for source in ("simulated", "simulated #2"):
        times = [t for c in chunks if c.source == source for t in c.times or []]
        assert times == sorted(times)
    assert verify(folder, core_of).difference is None


def test_a_session_ends_with_its_last_recording_even_before_its_duration(tmp_path: Path) -> None:
    rr = tmp_path / "rr.txt"
    rr.write_text("\n".join(["800"] * 100))
    folder = perform(tmp_path / "out", sensors=(f"file:{rr}",), duration_s=3000.0)
    end = [line for _, line in read(folder)][-1]
    assert isinstance(end, lines.EndLine)
    assert end.reason == "recording ended"
    assert end.t < 120.0


@pytest.mark.slow
@pytest.mark.parametrize("duration_s", [20.0, 60.0, 200.0])
def test_a_session_lasts_about_as_long_as_was_asked(tmp_path: Path, duration_s: float) -> None:
    end = [line for _, line in read(perform(tmp_path, duration_s=duration_s))][-1]
    assert end.t == pytest.approx(duration_s, abs=11.0)


@pytest.mark.slow
def test_a_rest_is_remembered_only_when_it_is_over_and_a_persons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    rr = tmp_path / "rr.txt"
    rr.write_text("\n".join(["800", "820", "790"] * 60))
    out, source = tmp_path / "out", (f"file:{rr}",)
    perform(out, sensors=source, duration_s=20.0, profile="robin")
    assert profiles.load("robin").baseline is None
    perform(out, profile="robin", duration_s=100.0)
    assert profiles.load("robin").baseline is None  # a simulated body is nobody
    perform(out, sensors=source, duration_s=100.0, profile="robin")
    first = profiles.load("robin").baseline
    assert first is not None
    longer = load(settings=["state.rest.rest_s=60"])
    perform(out, sensors=source, config=longer, duration_s=120.0, profile="robin")
    assert profiles.load("robin").baseline == first
    perform(out, sensors=source, config=longer, duration_s=120.0, profile="robin", rest_anew=True)
    again = profiles.load("robin").baseline
    assert again is not None
    assert again.rest_s > first.rest_s


def test_a_session_that_measured_nothing_leaves_nothing(tmp_path: Path) -> None:
    async def leave(session: Session) -> None:
        session.command("key", "stop")

    plan = SessionPlan(config=load(), sensors=("sim:",), out=tmp_path)
    assert SessionRunner(plan).run(leave) is None
    assert not list(tmp_path.iterdir())


def test_a_screen_that_fails_is_told_after_the_music(tmp_path: Path) -> None:
    async def broken(session: Session) -> None:
        await asyncio.sleep(5.0)
        raise RuntimeError("no such colour")

    plan = SessionPlan(config=load(), sensors=("sim:",), out=tmp_path, duration_s=30.0)
    with pytest.raises(RuntimeError, match="no such colour"):
        SessionRunner(plan).run(broken)
    (folder,) = tmp_path.iterdir()
    assert verify(folder, core_of).complete


def test_a_wall_clock_that_jumps_moves_the_anchor_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        clock = SessionClock(asyncio.get_running_loop(), utc_now())
        clock.live = True
        began = clock.started_utc
        now = began + timedelta(seconds=3600)
        monkeypatch.setattr("biofeedback.common.clock.utc_now", lambda: now)
        assert clock.step_of_wall_clock() == pytest.approx(3600.0)
        assert clock.utc_at(0.0) == now
        assert clock.step_of_wall_clock() == 0.0

    run_virtual(main)


def test_a_clock_step_parts_the_beats_of_every_source(tmp_path: Path) -> None:
    async def jump(session: Session) -> None:
        await asyncio.sleep(20.0)
        session._ticker.note_step(3600.0)
        session._break_off(session._clock())

    plan = SessionPlan(config=load(), sensors=("sim:",), out=tmp_path, duration_s=40.0)
    outcome = SessionRunner(plan).run(jump)
    assert outcome is not None
    gaps = [line for _, line in read(outcome.folder) if isinstance(line, lines.GapLine)]
    assert {(g.source, g.signal, g.reason) for g in gaps} == {
        ("simulated", "rr", "clock"), ("simulated", "eda", "clock"),
    }  # fmt: skip
    assert outcome.counters.gaps == len(gaps)


def test_a_sensor_that_never_came_back_has_its_gap_at_the_end(tmp_path: Path) -> None:
    intake = Sanitizer()
    chunk = Chunk.events(Signal.RR, "strap", [1.0], [0.8])
    intake.clean(chunk, 0)
    assert intake.lost() == []
    intake.clean(SensorStatus("strap", 2.0, "lost"), 0)
    assert intake.lost() == [chunk]
    intake.clean(SensorStatus("strap", 3.0, "streaming"), 0)
    assert intake.lost() == [chunk]
    intake.clean(Chunk.events(Signal.RR, "strap", [4.0], [0.8]), 0)
    assert intake.lost() == []


def test_what_the_log_could_not_give_back_does_not_come_in() -> None:
    intake = Sanitizer()
    nan = float("nan")
    device = Chunk.events(Signal.RR, "a", [1.0, 2.0], [0.8, 0.8], [5.0, nan])
    cleaned = intake.clean(device, 0)
    assert isinstance(cleaned, Chunk)
    assert cleaned.device_times_s is None
    endless = Chunk.regular(Signal.EDA, "a", 0.0, 4.0, [1.0, float("inf")])
    cleaned = intake.clean(endless, 0)
    assert isinstance(cleaned, Chunk)
    assert np.isnan(cleaned.values[1, 0])
    assert intake.clean(Gap(Signal.RR, "a", nan, 2.0, "link"), 0) is None
    assert intake.clean(Chunk.events(Signal.RR, "a", [], []), 0) is None
    status = intake.clean(SensorStatus("b\udc80", nan, "lost", detail="\udcff"), 0)
    assert isinstance(status, SensorStatus)
    status.source.encode()
    status.detail.encode()


def test_a_path_that_is_no_text_is_shown_and_no_error(tmp_path: Path) -> None:
    rr = tmp_path / "r\udcffr.txt"
    if sys.platform != "linux":
        return  # elsewhere such a name cannot exist
    rr.write_text("\n".join(["800"] * 60))
    folder = perform(tmp_path / "out", sensors=(f"file:{rr}",), duration_s=20.0)
    assert verify(folder, core_of).difference is None


def test_numbers_without_an_end_are_no_settings() -> None:
    for setting in ("control.limits.tempo_slew_bpm_per_s=inf", "control.lead.target=nan"):
        with pytest.raises(ConfigError, match="finite"):
            load(settings=[setting])
