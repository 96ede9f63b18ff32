"""Thinning keeps peaks, phases keep reasons, words keep sense."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from replayed_session import renumbered, replayed, rr_text

from biofeedback.control.direction import DirectionEvidence
from biofeedback.record.reader import LOG_NAME
from biofeedback.report import downsample, phases, summary, words
from biofeedback.report.session_data import SessionData, read_story


def story_of(folder: Path, lines: list[str], base: Path) -> SessionData:
    """Read a log that has the header of `base` and these lines."""
    folder.mkdir()
    header = (base / LOG_NAME).read_text().splitlines()[0]
    (folder / LOG_NAME).write_bytes(renumbered(line.encode() for line in (header, *lines)))
    return read_story(folder, lambda share: None)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    return replayed(folder, rr_text(folder / "rr.txt", 20.0), seconds=5.0)


def decision(time_s: float, why: str, tempo_bpm: float = 60.0) -> str:
    return (
        f'{{"kind":"decision","strategy":"lead","setpoint":null,"params":[{tempo_bpm},'
        f'"D ionian",1.0,0.5,0.0,0.5,0.2,0.8,0.5,0.0,["pad"]],"why":"{why}","numbers":{{}},'
        f'"t":{time_s},"seq":0}}'
    )


def state(time_s: float, arousal: float, half: float, confidence: float = 0.9) -> str:
    return (
        f'{{"kind":"state","arousal":{arousal},"low":{arousal - half},"high":{arousal + half},'
        f'"confidence":{confidence},"phase":"tracking","breaths_per_minute":null,'
        f'"contributions":{{}},"t":{time_s},"seq":0}}'
    )


values = st.lists(st.one_of(st.just(math.nan), st.floats(-1e6, 1e6)), min_size=1, max_size=400)


@pytest.mark.slow
@given(values, st.integers(5, 40))
def test_a_thinned_line_keeps_its_peaks_and_its_order(found: list[float], columns: int) -> None:
    times_s, series = np.arange(len(found)) * 0.5, np.array(found)
    end_s = len(found) * 0.5
    x, y = downsample.line(times_s, series, end_s, columns)
    assert len(x) <= 3 * columns
    assert (np.diff(x) > 0).all()
    if np.isfinite(series).any():
        assert np.nanmax(y) == np.nanmax(series)
        assert np.nanmin(y) == np.nanmin(series)


@pytest.mark.slow
@given(values, st.integers(5, 40))
def test_a_thinned_band_covers_what_it_stands_for(found: list[float], columns: int) -> None:
    times_s, series = np.arange(len(found)) * 0.5, np.array(found)
    _, low, high = downsample.envelope(times_s, series, series + 1, len(found) * 0.5, columns)
    if np.isfinite(series).any():
        assert np.nanmin(low) == np.nanmin(series)
        assert np.nanmax(high) == np.nanmax(series + 1)


def test_a_break_longer_than_a_pixel_stays_a_break() -> None:
    series = np.ones(1000)
    series[400:600] = math.nan
    _, y = downsample.line(np.arange(1000.0), series, 1000.0, 50)
    assert np.isnan(y).any()


def test_spans_closer_than_half_a_pixel_become_one() -> None:
    assert downsample.spans([(0, 10), (10.4, 20), (50, 60), (70, 70)], 100.0, 100) == [
        (0.0, 20),
        (50, 60),
    ]


def test_decisions_of_one_kind_become_one_phase_with_the_course_of_its_numbers(
    base: Path, tmp_path: Path
) -> None:
    lines = [decision(t, f"Leading at {0.9 - t / 100:.2f}.", 80 - t) for t in range(20)]
    lines += [decision(20 + t, f"Waiting at {0.5 + 0.1 * (t % 3):.2f}.") for t in range(20)]
    found = [e for e in phases.events(story_of(tmp_path / "s", lines, base)) if e.kind == "phase"]
    assert [event.what for event in found] == [
        "Leading at 0.90 → 0.71.",
        "Waiting at 0.50 to 0.70.",
    ]
    assert [(event.start_s, event.end_s) for event in found] == [(0.0, 20.0), (20.0, 39.0)]
    assert found[0].detail.startswith("Tempo 80 → 61, density 1.0.")


def test_a_moment_too_short_for_a_row_joins_the_phase_around_it(base: Path, tmp_path: Path) -> None:
    whys = ["A."] * 20 + ["B."] * 2 + ["A."] * 20
    lines = [decision(float(t), why) for t, why in enumerate(whys)]
    found = [e for e in phases.events(story_of(tmp_path / "s", lines, base)) if e.kind == "phase"]
    assert [(event.what, event.end_s) for event in found] == [("A.", 41.0)]


def test_a_lost_sensor_its_battery_and_its_contact_are_told(base: Path, tmp_path: Path) -> None:
    def status(time_s: float, state: str, battery: str, contact: str) -> str:
        return (
            f'{{"kind":"status","source":"H10","state":"{state}","battery_percent":{battery},'
            f'"contact":{contact},"detail":"","t":{time_s},"seq":0}}'
        )

    lines = [
        status(0, "streaming", "81", "true"),
        status(5, "streaming", "80", "true"),
        status(9, "streaming", "80", "false"),
        status(12, "streaming", "80", "true"),
        status(20, "lost", "null", "null"),
        status(30, "streaming", "79", "true"),
    ]
    found = phases.events(story_of(tmp_path / "s", lines, base))
    assert [(event.start_s, event.what) for event in found[:-1]] == [
        (0, "H10: delivers, battery 81 %."),
        (9, "H10: no skin contact."),
        (12, "H10: skin contact is back."),
        (20, "H10: connection lost."),
        (30, "H10: delivers again, battery 79 %."),
    ]


def test_holds_and_markers_are_told_with_their_times(base: Path, tmp_path: Path) -> None:
    def command(time_s: float, what: str, value: str = "") -> str:
        return (
            f'{{"kind":"command","who":"keyboard","what":"{what}","value":"{value}",'
            f'"t":{time_s},"seq":0}}'
        )

    lines = [command(3, "hold"), command(8, "marker", "door"), command(9, "resume")]
    found = phases.events(story_of(tmp_path / "s", lines, base))
    assert [(event.start_s, event.kind) for event in found[:-1]] == [
        (3, "command"),
        (8, "marker"),
        (9, "command"),
    ]
    assert found[1].what == "Marker: door"


def test_arousal_is_compared_with_its_uncertainty(base: Path, tmp_path: Path) -> None:
    falling = [state(t / 2, 0.9 - t / 1000, 0.05) for t in range(600)]
    change = summary.arousal_change(story_of(tmp_path / "falling", falling, base))
    assert change is not None
    assert change.apart
    assert change.first == pytest.approx(0.84, abs=0.001)  # mean over 0 to 60 s
    assert change.last == pytest.approx(0.361, abs=0.001)
    vague = [state(t / 2, 0.5 - t / 6000, 0.2) for t in range(600)]
    change = summary.arousal_change(story_of(tmp_path / "vague", vague, base))
    assert change is not None
    assert not change.apart


def test_what_could_not_be_followed_is_not_compared(base: Path, tmp_path: Path) -> None:
    lines = [state(t / 2, 0.9, 0.3, confidence=0.1) for t in range(200)]
    story = story_of(tmp_path / "s", lines, base)
    assert summary.arousal_change(story) is None
    assert summary.followed_share(story) == 0.0


def test_following_has_the_hysteresis_of_the_session(base: Path, tmp_path: Path) -> None:
    sure = [0.3, 0.36, 0.3, 0.24, 0.3]
    lines = [state(t / 2, 0.5, 0.1, confidence) for t, confidence in enumerate(sure)]
    story = story_of(tmp_path / "s", lines, base)
    assert story.states.followed.tolist() == [False, True, True, False, False]


def reading(time_s: float, *items: tuple[str, float | None, str]) -> str:
    listed = [[name, value, unit, 60.0, time_s, 0.5, 1.0] for name, value, unit in items]
    return json.dumps({"kind": "reading", "readings": listed, "t": time_s, "seq": 0})


def test_a_metric_is_one_series_whatever_stands_beside_it(base: Path, tmp_path: Path) -> None:
    found = [
        reading(1.0, ("rmssd", 40.0, "ms"), ("scl", None, "uS")),
        reading(2.0, ("rmssd", 41.0, "ms"), ("scl", 4.5, "uS")),
        reading(3.0, ("added", 1.0, ""), ("rmssd", 42.0, "s")),
    ]
    metrics = story_of(tmp_path / "log", found, base).metrics
    assert list(metrics) == ["rmssd", "scl", "added"]
    assert metrics["rmssd"].times_s.tolist() == [1.0, 2.0, 3.0]
    assert metrics["rmssd"].values.tolist() == [40.0, 41.0, 42.0]
    assert metrics["rmssd"].unit == "s"
    assert math.isnan(metrics["scl"].values[0])
    assert metrics["scl"].values[1] == 4.5
    assert metrics["added"].quality.tolist() == [0.5]


def test_overlapping_gaps_are_counted_once(base: Path, tmp_path: Path) -> None:
    gaps = [
        f'{{"kind":"gap","source":"a","signal":"{signal}","start":{start},"end":{end},'
        f'"reason":"link","t":{end},"seq":0}}'
        for signal, start, end in (("rr", 0, 20), ("hr", 10, 30), ("eda", 0, 5))
    ]
    said = " ".join(summary.sentences(story_of(tmp_path / "s", [*gaps, state(40, 0.5, 0.1)], base)))
    assert "heart signal had gaps of 30 s" in said
    assert "skin signal had gaps of 5 s" in said


def test_the_summary_repeats_what_was_noted_of_the_body_for_long(
    base: Path, tmp_path: Path
) -> None:
    noted = state(40, 0.5, 0.1).replace('"t":', '"notes":["skin_silent"],"t":')
    often = story_of(tmp_path / "often", [noted, *[state(41, 0.5, 0.1)] * 3], base)
    rarely = story_of(tmp_path / "rarely", [noted, *[state(41, 0.5, 0.1)] * 30], base)
    said = "For 25 % of the time it was noted: your skin hardly answers here"
    assert said in " ".join(summary.sentences(often))
    assert "noted" not in " ".join(summary.sentences(rarely))


def test_the_summary_has_four_to_eight_sentences_for_any_session(
    base: Path, tmp_path: Path
) -> None:
    for name, lines in {
        "empty": [],
        "states": [state(1, 0.5, 0.1)],
        "decisions": [decision(1, "A.")],
    }.items():
        story = story_of(tmp_path / name, lines, base)
        assert 4 <= len(summary.sentences(story)) <= 8


@pytest.mark.parametrize(
    ("time_s", "text"), [(0, "0:00"), (59.6, "1:00"), (3599, "59:59"), (3725, "1:02:05")]
)
def test_times_read_as_on_a_clock(time_s: float, text: str) -> None:
    assert words.clock(time_s) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(2, "2 s"), (60, "1 min"), (189, "3 min 9 s"), (3700, "1 h 1 min")]
)
def test_lengths_read_as_words(seconds: float, text: str) -> None:
    assert words.length(seconds) == text


@pytest.mark.parametrize(
    ("part", "text"), [(0, "0 %"), (0.001, "below 1 %"), (0.999, "over 99 %"), (1, "100 %")]
)
def test_a_share_is_never_rounded_to_all_or_nothing(part: float, text: str) -> None:
    assert words.share(part) == text


def test_what_a_full_disk_lost_is_told_where_it_is_missing(base: Path, tmp_path: Path) -> None:
    lost = '{"kind":"lost","t":3.0,"seq":5,"first":5,"last":24}'
    found = phases.events(story_of(tmp_path / "lost", [lost], base))
    assert any(e.start_s == 3.0 and "20 lines of the log are missing" in e.what for e in found)


@pytest.mark.parametrize(
    ("fell", "said"),
    [
        ((0.3, -0.2, 0.1), "Direction: can't tell whether slower"),
        ((0.3, -0.2, 0.1), "changed by -0.07 standard deviations"),
        ((0.3, -0.2, 0.1), "too few for a 90 % interval"),
        ((-1.0,) * 20, "90 % interval +0."),
        ((1.0,) * 20, "Direction: slower, sparser music calms this listener"),
        ((-1.0,) * 20, "Direction: slower, sparser music stirs this listener up"),
    ],
)
def test_the_direction_is_said_with_its_interval(
    tmp_path: Path, base: Path, fell: tuple[float, ...], said: str
) -> None:
    found = DirectionEvidence()
    for each in fell:
        found = found.with_pair(each)
    numbers = json.dumps({"direction_lowered": 0.0, **found.found})
    line = decision(1.0, "w").replace('"numbers":{}', f'"numbers":{numbers}')
    text = " ".join(summary.sentences(story_of(tmp_path / "s", [state(0, 0.5, 0.1), line], base)))
    assert said in text
    assert f"In {len(fell)} pairs of steps drawn by chance" in text
    untested = story_of(tmp_path / "u", [state(0, 0.5, 0.1), decision(1.0, "w")], base)
    assert "Direction" not in " ".join(summary.sentences(untested))
