"""What pages are told of a session follows from its events alone."""

import pytest

from biofeedback.common.errors import ConfigError
from biofeedback.engine.inputs import Command, Tick
from biofeedback.views.live_view import LiveView
from biofeedback.views.permissions import checked
from sensors.base import SensorStatus
from synth.tempo_map import TempoSegment


def status(state: str, contact: bool | None = None, battery: int | None = None) -> SensorStatus:
    return SensorStatus("strap", 0.0, state, battery, contact)  # type: ignore[arg-type]


def test_an_empty_view_waits() -> None:
    picture = LiveView().picture()
    assert picture.signal == "waiting"
    assert picture.arousal is None
    assert picture.music is None


@pytest.mark.parametrize(("state", "contact", "signal"), [
    ("searching", None, "searching"), ("connecting", None, "connecting"), ("lost", None, "lost"),
    ("streaming", False, "no_contact"), ("streaming", True, "measuring"),
])  # fmt: skip
def test_the_signal_is_what_the_sensor_says(state: str, contact: bool, signal: str) -> None:
    view = LiveView()
    view.feed(status(state, contact))
    assert view.picture().signal == signal


def test_a_low_battery_is_marked() -> None:
    view = LiveView()
    view.feed(status("streaming", True, 15))
    assert view.picture().sensors[0].battery_low


def test_an_override_stands_until_its_time_is_over_or_it_is_released() -> None:
    view = LiveView()
    view.feed(Command("web:therapist:a", "override", "tempo_bpm=70 for 60"))
    view.feed(Command("web:therapist:a", "override", "density=2"))
    assert view.picture().overrides == {"tempo_bpm": "70", "density": "2"}
    view.feed(Tick(122))
    assert view.picture().overrides == {"density": "2"}
    view.feed(Command("web:therapist:a", "release", ""))
    assert view.picture().overrides == {}


def test_a_tick_alone_is_no_news() -> None:
    assert not LiveView().feed(Tick(1))
    assert LiveView().feed(TempoSegment(0.0, 0.0, 60.0))


@pytest.mark.parametrize(
    ("role", "what", "value"),
    [
        ("observer", "stop", ""),
        ("listener", "override", "tempo_bpm=70"),
        ("listener", "panic", ""),
        ("therapist", "rating", "relaxation=7"),
        ("listener", "volume", "1.5"),
        ("listener", "volume", "nan"),
        ("listener", "rating", "relaxation=11"),
        ("listener", "note", " \x00 "),
        ("listener", "stop", "x"),
        ("listener", "resume", "rising"),
        ("therapist", "override", "a=b\nc=d"),
        ("therapist", "override", ""),
        ("listener", "explode", ""),
    ],
)
def test_a_wish_that_is_not_theirs_or_makes_no_sense_is_refused(
    role: str, what: str, value: str
) -> None:
    with pytest.raises(ConfigError):
        checked(role, what, value)  # type: ignore[arg-type]


def test_a_note_is_one_plain_line() -> None:
    assert checked("listener", "note", " feels\ncalm\x1b[0m ") == ("note", "feels calm [0m")
