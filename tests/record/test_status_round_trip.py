"""A status is logged whole: with a field left out, what is regenerated would differ."""

from dataclasses import fields

from biofeedback.record.inputs import input_line, input_of
from sensors.base import SensorStatus


def test_a_status_comes_out_of_the_log_as_it_went_in() -> None:
    status = SensorStatus(
        "strap", 3.0, "streaming", 70, True, "It sends each interval twice.", 12.5,
        {"contradictory": 3}, "Polar", {"rr": 0.0}, "packed 0123456789abcdef",
    )  # fmt: skip
    usual = SensorStatus("", -1.0, "lost")
    told = [one.name for one in fields(status) if getattr(status, one.name) ==
            getattr(usual, one.name)]  # fmt: skip
    assert told == [], "a field is not tried here"
    assert input_of(input_line(1, 3.0, status)) == status
