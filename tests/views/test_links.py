"""Several sensors, each in its own place, and one word for what they say together."""

from __future__ import annotations

import pytest

from biofeedback.engine.inputs import Tick
from biofeedback.runtime.sanitizer import Sanitizer
from biofeedback.views.live_view import LiveView
from sensors.base import LinkState, SensorStatus
from sensors.signals import Chunk, Signal
from sensors.status_reporter import StatusReporter


def status(source: str, state: LinkState, wish: str = "", **more: bool | int) -> SensorStatus:
    return SensorStatus(source, 0.0, state, wish=wish, **more)  # type: ignore[arg-type]


def shown(*statuses: SensorStatus) -> list[tuple[str, str]]:
    view = LiveView()
    for one in statuses:
        view.feed(one)
    return [(sensor.source, sensor.state) for sensor in view.picture().sensors]


def test_a_device_takes_the_place_of_the_wish_that_it_answers_and_of_no_other() -> None:
    assert shown(
        status("AA:01", "searching"),
        status("AA:02", "searching"),
        status("Polar H10 7", "connecting", "AA:02"),
        status("Polar H10 7", "streaming", "AA:02"),
    ) == [("AA:01", "searching"), ("Polar H10 7", "streaming")]


def test_a_device_that_answers_under_another_name_later_keeps_its_place() -> None:
    assert shown(
        status("Band", "searching"),
        status("Band 1", "lost", "Band"),
        status("strap", "searching"),
        status("Band 2", "streaming", "Band"),
    ) == [("Band 2", "streaming"), ("strap", "searching")]


def test_a_status_without_its_wish_takes_the_place_of_the_closest_name_alone() -> None:
    assert shown(
        status("Polar", "searching"),
        status("Polar H10", "searching"),
        status("AA:01", "searching"),
        status("Polar H10 123", "connecting"),
        status("Polar H10 123", "streaming"),
        status("Verity", "connecting"),
    ) == [
        ("Polar", "searching"), ("Polar H10 123", "streaming"), ("AA:01", "searching"),
        ("Verity", "connecting"),
    ]  # fmt: skip


@pytest.mark.parametrize("wearers", [("", ""), ("ann", "bob")])
def test_two_straps_that_are_asked_for_alike_stay_two(wearers: tuple[str, str]) -> None:
    intake, view = Sanitizer(), LiveView()
    tellers = [StatusReporter("heart rate strap", "", "") for _ in wearers]

    def tell(number: int, state: LinkState) -> None:
        for sample in tellers[number].link(0.0, state, ""):
            cleaned = intake.clean(sample, number, wearers[number])
            assert isinstance(cleaned, SensorStatus)
            view.feed(cleaned)

    tell(0, "searching")
    tell(1, "searching")
    for number in (1, 0):
        tellers[number].rename("Polar H10")  # both carry the same name
        tell(number, "connecting")
    tell(1, "streaming")
    sensors = view.picture().sensors
    assert [sensor.state for sensor in sensors] == ["connecting", "streaming"]
    assert len({sensor.source for sensor in sensors}) == 2


@pytest.mark.parametrize(
    ("states", "signal"),
    [
        ((), "waiting"),
        (("searching", "connecting"), "connecting"),
        (("lost", "connecting"), "lost"),
        (("lost", "streaming"), "part_lost"),
        (("searching", "streaming"), "measuring"),
        (("ended", "streaming"), "measuring"),
        (("ended", "ended"), "ended"),
    ],
)
def test_one_word_says_what_several_links_amount_to(
    states: tuple[LinkState, ...], signal: str
) -> None:
    view = LiveView()
    for number, state in enumerate(states):
        view.feed(status(f"sensor {number}", state))
    assert view.picture().signal == signal


def test_a_contact_of_a_sensor_that_sends_nothing_counts_for_nothing() -> None:
    view = LiveView()
    view.feed(status("strap", "lost", contact=False))
    view.feed(status("band", "streaming", contact=True))
    picture = view.picture()
    assert picture.signal == "part_lost"
    assert [sensor.contact for sensor in picture.sensors] == [None, True]


def test_a_sensor_that_falls_silent_without_a_word_is_told_and_its_contact_is_not_known() -> None:
    view = LiveView()
    view.feed(Tick(0))
    view.feed(status("strap", "streaming", contact=True, battery_percent=80))
    for index in range(1, 16):
        view.feed(Tick(index))
        if index <= 2:
            view.feed(Chunk.events(Signal.HR, "strap", [index / 2], [60.0]))
    (sensor,) = view.picture().sensors
    assert not sensor.silent
    view.feed(Tick(16))  # 7 s after the last
    (sensor,) = view.picture().sensors
    assert sensor.silent
    assert (sensor.state, sensor.heard_s, sensor.contact) == ("streaming", 1.0, None)
    assert view.picture().signal == "silent"
