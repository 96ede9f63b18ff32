"""Claims about sensors that send nonsense: whatever it is, nothing wrong is trusted."""

import bad_input
import pytest

from biofeedback.metrics.bank import MetricBank, MetricSettings
from biofeedback.metrics.base import Reading
from sensors.signals import Chunk, Signal


@pytest.fixture(scope="module")
def body() -> dict[Signal, list[Chunk]]:
    return bad_input.body()


@pytest.fixture(scope="module")
def truths(body: dict[Signal, list[Chunk]]) -> dict[Signal, list[dict[str, Reading]]]:
    return {
        signal: bad_input.readings([[chunk] for chunk in chunks]) for signal, chunks in body.items()
    }


@pytest.mark.slow
@pytest.mark.parametrize("signal", list(bad_input.RATES_HZ))
@pytest.mark.parametrize("way", bad_input.WAYS)
def test_no_reading_is_both_trusted_and_wrong(
    way: str,
    signal: Signal,
    body: dict[Signal, list[Chunk]],
    truths: dict[Signal, list[dict[str, Reading]]],
) -> None:
    spoilt = bad_input.readings(bad_input.spoil(body[signal], way))
    wrong = bad_input.confidently_wrong(spoilt, truths[signal])
    assert not wrong, wrong[:5]


@pytest.mark.parametrize("signal", list(bad_input.RATES_HZ))
def test_a_body_that_is_measured_well_is_trusted(
    signal: Signal, truths: dict[Signal, list[dict[str, Reading]]]
) -> None:
    last = truths[signal][-1]
    names = {
        Signal.EDA: ("scl", "scr_rate"), Signal.ACC: ("motion",),
        Signal.TEMP: ("skin_temperature",),
    }.get(signal, ("heart_rate",))  # fmt: skip
    for name in names:
        assert last[name].value is not None
        assert last[name].quality >= bad_input.TRUSTED


@pytest.mark.slow
@pytest.mark.parametrize("signal", list(bad_input.RATES_HZ))
@pytest.mark.parametrize("way", ["out of order", "duplicated"])
def test_what_comes_twice_or_late_changes_nothing(
    way: str,
    signal: Signal,
    body: dict[Signal, list[Chunk]],
    truths: dict[Signal, list[dict[str, Reading]]],
) -> None:
    assert bad_input.readings(bad_input.spoil(body[signal], way)) == truths[signal]


def test_a_stuck_sensor_says_nothing_although_its_value_is_possible() -> None:
    bank = MetricBank(MetricSettings())
    bank.feed(Chunk.regular(Signal.HR, "strap", 0.0, 1.0, [61.0] * 300))
    bank.feed(Chunk.regular(Signal.EDA, "band", 0.0, 100.0, [3.0] * 30_000))
    said = {reading.name: reading for reading in bank.read(300.0)}
    for name in ("heart_rate", "scl", "scr_rate"):
        assert said[name].value is not None
        assert said[name].quality == 0.0
