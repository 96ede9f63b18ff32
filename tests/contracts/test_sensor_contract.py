"""The shipped suite, for recordings of every format and for bodies that are hard to hear."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from rigs.captures import a_strap
from rigs.recording_files import FORMATS

import sensors
from biofeedback.testing import test_sensor
from biofeedback.testing.test_sensor import (  # noqa: F401
    Source,
    Timed,
    collect,
    test_a_gap_stands_between_the_samples_before_it_and_after_it,
    test_a_status_comes_first_and_says_how_it_goes,
    test_cancelling_the_reader_ends_the_stream,
    test_closing_early_ends_the_stream,
    test_equal_settings_give_an_equal_stream,
    test_nothing_comes_before_it_happened,
    test_the_first_time_and_the_rate_reproduce_a_regular_chunk_exactly,
    test_times_never_go_backwards_within_a_signal,
    test_values_are_finite,
)
from sensors.base import SensorStatus
from sensors.captures.playing import play as play_capture
from sensors.errors import SensorError
from sensors.files import read
from sensors.files.replay import play
from sensors.simulated import simulated_sensor

pytestmark = pytest.mark.slow

BODIES = {
    "sim:": simulated_sensor.SimulatedSettings(duration_s=60),
    "sim:artefacts": simulated_sensor.SimulatedSettings(
        duration_s=60, artefact_share=0.2, profile="stress"
    ),
    "sim:dropouts": simulated_sensor.SimulatedSettings(
        duration_s=120, dropouts_per_hour=200, dropout_s=3
    ),
    "sim:nothing": simulated_sensor.SimulatedSettings(duration_s=0),
}
KINDS = [*BODIES, *(f"file:{name}" for name in FORMATS), "capture:"]


def test_every_module_that_offers_a_stream_is_covered_here_or_by_its_rig() -> None:
    folder = Path(sensors.__file__).parent
    offering = {
        path.stem
        for path in folder.rglob("*.py")
        if re.search(r"^(async )?def stream\(", path.read_text(), re.MULTILINE)
    }
    assert offering == {
        "bands", "bitalino", "described", "e4_server", "lsl", "osc", "shimmer", "simulated_sensor",
        "strap",
    }  # fmt: skip


@pytest.fixture
def timeless() -> bool:
    return True


@pytest.fixture(autouse=True)
def whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read to the end: all of these have one."""
    monkeypatch.setattr(test_sensor, "VIRTUAL_S", 1e6)


@pytest.fixture(params=KINDS)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Source:
    kind, _, name = request.param.partition(":")
    if kind == "sim":
        return lambda clock: simulated_sensor.stream(BODIES[request.param], clock)
    if kind == "capture":
        return lambda clock: play_capture(a_strap(), "capture-1", clock)
    path = FORMATS[name](tmp_path / name)
    return lambda clock: play(read(path), clock)


def test_the_first_word_is_that_it_streams(collect: Callable[..., Timed]) -> None:  # noqa: F811
    _, first = collect(1)[0]
    assert isinstance(first, SensorStatus)
    assert first.state == "streaming"


def test_the_last_word_of_a_finite_source_is_that_it_ended(
    collect: Callable[..., Timed],  # noqa: F811
) -> None:
    _, last = collect()[-1]
    assert isinstance(last, SensorStatus)
    assert last.state == "ended"


def test_errors_of_sensors_carry_a_hint() -> None:
    assert SensorError("what", hint="do this").hint == "do this"
