"""Every number has its moment: it fades with its age, then it is gone, on every screen."""

from __future__ import annotations

import asyncio
import io

import pytest
from rich.console import Console

from biofeedback.cli.board import Board
from biofeedback.cli.numbers import Numbers
from biofeedback.engine.inputs import Tick
from biofeedback.group.subjects import SubjectEvent
from biofeedback.metrics.base import Reading
from biofeedback.metrics.beats import Beat
from biofeedback.mqtt.messages import PictureMessage
from biofeedback.mqtt.wearer import RemoteWearer
from biofeedback.state.estimator import State
from biofeedback.views.evidence import Evidence
from biofeedback.views.live_view import LiveView
from biofeedback.views.picture import Picture
from biofeedback.web.remote_station import RemoteStation
from sensors.base import SensorStatus
from sensors.signals import Chunk, Signal


def seen_until(last_s: float, now_s: float, *, wave: bool = False) -> LiveView:
    """Return a view of a strap whose beats end, while metrics go on reading and nobody says so.

    With `wave` its samples go on: a wave in which no beat is found.
    """
    view = LiveView()
    view.feed(Tick(0))
    view.feed(SensorStatus("strap", 0.0, "streaming", 80, True))
    for index in range(int(2 * now_s) + 1):
        time_s = index / 2
        view.feed(Tick(index))
        if time_s <= last_s:
            view.feed(Chunk.events(Signal.RR, "strap", [time_s], [0.5]))
            view.feed(Beat(time_s, 500.0, "normal"))
        elif wave:
            view.feed(Chunk.events(Signal.ECG, "strap", [time_s], [0.0]))
        view.feed((Reading("heart_rate", 72.0, "bpm", 10.0, time_s, 0.9, 1.0),))
        view.feed(State(time_s, 0.4, 0.2, 0.6, 0.8, "tracking", {"heart_rate": 1.0}))
    return view


def drawn(picture: Picture, wordless_s: float = 0.0) -> str:
    console = Console(file=io.StringIO(), width=100, height=60)
    with console.capture() as shown:
        console.print(Board().screen(picture, 100, wordless_s=wordless_s))
    return " ".join(shown.get().split())


@pytest.mark.parametrize(
    ("now_s", "heart", "arousal"),
    [
        (60.0, "heart rate 72 bpm ·", "0.40 (likely 0.20 to 0.60, confidence 80 %)"),
        (66.5, "heart rate 72 bpm ·", "confidence 80 %)"),
        (72.0, "heart rate 72 bpm (12 s ago)", "confidence 80 %) (12 s ago)"),
        (91.0, "heart rate -- ·", "not known yet"),
    ],
)
def test_a_number_of_a_sensor_that_fell_silent_fades_and_goes(
    now_s: float, heart: str, arousal: str
) -> None:
    text = drawn(seen_until(60.0, now_s).picture())
    assert heart in text
    assert arousal in text
    assert ("s ago" in text) == (now_s == 72.0)


def test_the_slowest_heart_is_no_old_one() -> None:
    view = LiveView()
    for index in range(240):
        now_s = index / 2
        view.feed(Tick(index))
        view.feed(SensorStatus("strap", now_s, "streaming"))
        if index >= 12 and index % 5 == 0:  # 24 a minute, each judged when the next one has come
            view.feed(Beat(now_s - 3.5, 2500.0, "normal"))
        view.feed((Reading("heart_rate", 24.0, "bpm", 10.0, now_s, 0.9, 1.0),))
        assert index < 15 or view.picture().signal == "good"


def test_an_old_number_is_never_called_good() -> None:
    assert seen_until(60.0, 66.5).picture().signal == "good"
    silent = seen_until(60.0, 67.0).picture()
    assert silent.signal == "silent"
    assert silent.sensors[0].contact is None
    assert "connected, but silent for 7 s" in drawn(silent)
    assert seen_until(60.0, 67.0, wave=True).picture().signal == "weak"


def test_readers_of_the_old_fields_are_told_nothing_that_is_too_old() -> None:
    picture = seen_until(60.0, 91.0).picture()
    assert picture.heart_rate is None
    assert picture.arousal is picture.low is picture.high is None


def test_a_clock_that_is_ahead_makes_nothing_young() -> None:
    view = LiveView()
    view.feed(Tick(0))
    view.feed(Beat(3600.0, 800.0, "normal"))
    for index in range(80):
        view.feed(Tick(index))
        view.feed((Reading("heart_rate", 72.0, "bpm", 10.0, index / 2, 0.9, 1.0),))
    assert view.picture().heart_rate is None


def test_without_a_word_from_the_session_everything_on_the_screen_is_old() -> None:
    picture = seen_until(60.0, 60.0).picture()
    text = drawn(picture, wordless_s=12.0)
    assert "no word from the session for 12 s" in text
    assert "heart rate 72 bpm (12 s ago)" in text
    assert "was connected · battery 80 % · last heard 12 s ago" in text
    assert "skin contact" not in text
    assert "heart rate --" in drawn(picture, wordless_s=31.0)


def test_a_picture_that_is_sent_again_is_as_old_as_it_is() -> None:
    now_s, wearer = [100.0], RemoteWearer("robin")

    class Nobody:
        async def order(self, wearer: str, who: str, what: str, value: str = "") -> None:
            await asyncio.sleep(0)

    station = RemoteStation(wearer, Nobody(), lambda: now_s[0])
    picture = seen_until(60.0, 60.0).picture()
    wearer.show(
        PictureMessage(session="s", last=0, utc_ms=0.0, simulated=False, picture=picture), 100.0
    )
    assert station.picture().age_s == 0.0
    now_s[0] = 108.0
    wearer.unheard()  # the link to the broker broke, and every page is told
    assert station.picture().age_s == 8.0
    numbers = Numbers(wearer.picture, station.picture().age_s)
    assert numbers.signal() == "no word"
    assert numbers.metric("heart_rate", "", "", ".0f").plain == "72 (8 s ago)"


def test_only_the_heart_rate_goes_by_what_the_device_computes_the_rest_by_its_beats() -> None:
    evidence = Evidence()
    for now_s in range(40):
        evidence.feed(Chunk.events(Signal.HR, "strap", [float(now_s)], [72.0]), float(now_s))
        if now_s <= 10:
            evidence.feed(Beat(float(now_s), 1000.0, "normal"), float(now_s))
    assert evidence.measured_s("heart_rate") == 39.0
    for name in ("rmssd", "ln_rmssd", "breathing_rate"):
        assert evidence.measured_s(name) == 10.0
    evidence.feed(State(39.0, 0.4, 0.2, 0.6, 0.8, "tracking", {"ln_rmssd": 1.0}), 39.0)
    assert evidence.measured_s("arousal") == 10.0
    evidence.feed(State(39.0, 0.4, 0.2, 0.6, 0.8, "tracking", {"heart_rate": 1.0}), 39.0)
    assert evidence.measured_s("arousal") == 39.0


def test_synchrony_is_as_old_as_the_beats_of_the_second_heart() -> None:
    evidence = Evidence()
    for now_s in range(40):
        for wearer, until_s in (("a", 39), ("b", 20), ("c", 10)):
            source = f"{wearer}/strap"
            evidence.feed(Chunk.events(Signal.HR, source, [float(now_s)], [72.0]), float(now_s))
            if now_s <= until_s:
                evidence.feed(
                    SubjectEvent(wearer, Beat(float(now_s), 1000.0, "normal")), float(now_s)
                )
    assert evidence.measured_s("synchrony") == 20.0
    assert evidence.measured_s("heart_rate") == 39.0
    assert evidence.measured_s("b/rmssd") == 20.0
