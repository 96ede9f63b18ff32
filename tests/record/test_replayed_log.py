"""A session's log plays again as a recording, and makes the same music."""

import asyncio
from pathlib import Path

import pytest
from replayed_session import cut, eda_csv, rr_text
from rigs.sessions import nothing_to_watch

from biofeedback.app.plan import SessionPlan
from biofeedback.app.runner import SessionRunner
from biofeedback.common.errors import LogError
from biofeedback.config.loader import load
from biofeedback.record import lines
from biofeedback.record.log_summary import summary
from biofeedback.record.reader import LOG_NAME, read
from biofeedback.record.replay import logged_inputs
from biofeedback.runtime.session import Session
from sensors.signals import Chunk


def performed(out: Path, *sensors: str, seconds: float | None = None, seed: int = 3) -> Path:
    plan = SessionPlan(
        config=load(settings=["state.rest.rest_s=30"]),
        sensors=sensors,
        out=out,
        duration_s=seconds,
        seed=seed,
    )
    return SessionRunner(plan).run(nothing_to_watch).folder


def music(folder: Path) -> list[lines.Line]:
    kinds = lines.NoteLine | lines.TempoLine | lines.MusicLine | lines.DecisionLine
    return [line for _, line in read(folder) if isinstance(line, kinds)]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("first")
    sources = (rr_text(folder / "rr.txt"), eda_csv(folder / "eda.csv"))
    return performed(folder, *(f"file:{path}" for path in sources))


@pytest.mark.slow
def test_a_session_played_again_makes_the_same_music(first: Path, tmp_path: Path) -> None:
    again = performed(tmp_path, f"file:{first}")
    assert len(music(first)) > 300
    assert [without_seq(line) for line in music(again)] == [
        without_seq(line) for line in music(first)
    ]


def without_seq(line: lines.Line) -> dict[str, object]:
    return {f: getattr(line, f) for f in line.__struct_fields__ if f != "seq"}


def test_samples_arrive_as_they_did_with_their_values(first: Path, tmp_path: Path) -> None:
    again = performed(tmp_path, f"file:{first / LOG_NAME}")
    assert logged_inputs(again).samples == logged_inputs(first).samples


def test_another_seed_makes_other_music_of_it(first: Path, tmp_path: Path) -> None:
    again = performed(tmp_path, f"file:{first}", seed=4)
    notes = [
        [n for n in music(folder) if isinstance(n, lines.NoteLine)] for folder in (first, again)
    ]
    assert [n.pitch for n in notes[0]] != [n.pitch for n in notes[1]]


def test_a_listeners_session_can_be_played_without_the_listener(tmp_path: Path) -> None:
    """It ends where it was told to stop: what came while the music closed is not played."""
    session = performed(tmp_path / "a", "sim:listener", seconds=60.0)
    again = performed(tmp_path / "b", f"file:{session}")
    stops = [line.t for _, line in read(session) if getattr(line, "what", "") == "stop"]
    before = [
        [without_seq(line) for line in music(folder) if line.t < stops[0]]
        for folder in (session, again)
    ]
    assert before[0] == before[1]
    header = next(line for _, line in read(again))
    assert isinstance(header, lines.HeaderLine)
    assert header.simulated


def test_a_log_that_was_cut_plays_as_far_as_it_goes(first: Path, tmp_path: Path) -> None:
    session = cut(first, tmp_path / "cut", 400)
    inputs = logged_inputs(session)
    assert 0 < len(inputs.samples) < len(logged_inputs(first).samples)
    assert any(isinstance(sample, Chunk) for _, sample in inputs.samples)
    performed(tmp_path, f"file:{session}")


def test_a_log_without_any_sample_is_refused(first: Path, tmp_path: Path) -> None:
    with pytest.raises(LogError, match="no sensor") as caught:
        logged_inputs(cut(first, tmp_path / "cut", 2))
    assert caught.value.hint


def test_markers_play_again_in_the_order_of_their_times(tmp_path: Path) -> None:
    async def mark(session: Session) -> None:
        await asyncio.sleep(6.0)
        session.command("key", "marker", "pressed")
        session.command("lsl:stimuli", "marker", "shown before", 4.0)

    plan = SessionPlan(config=load(), sensors=("sim:",), out=tmp_path, duration_s=10.0)
    folder = SessionRunner(plan).run(mark).folder
    assert [text for _, text in logged_inputs(folder).markers] == ["shown before", "pressed"]
    assert [text for _, text in summary(folder).markers] == ["shown before", "pressed"]
