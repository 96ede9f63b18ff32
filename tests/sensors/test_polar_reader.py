"""What Polar's frames become, without a radio."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rigs import vbluez_pmd as device

from sensors.base import SensorStatus
from sensors.ble.link import LinkChange, Packet
from sensors.ble.polar import PMD_CONTROL, PMD_DATA, PmdReader, RunningStream
from sensors.ble.strap import StrapReader, StrapSettings
from sensors.codecs.heart_rate import HeartRateMeasurement
from sensors.codecs.polar_pmd import PmdMeasurement
from sensors.errors import SettingsError
from sensors.signals import Chunk, Gap, Signal

MEASUREMENT = "00002a37-0000-1000-8000-00805f9b34fb"
MODEL, BATTERY = (f"0000{n}-0000-1000-8000-00805f9b34fb" for n in ("2a24", "2a19"))
RUNNING = {
    PmdMeasurement.ECG: RunningStream(130.0, 1.0),
    PmdMeasurement.ACC: RunningStream(52.0, 0.25),
    PmdMeasurement.PPI: RunningStream(1.0, 1.0),
}


def strap(*kinds: PmdMeasurement) -> StrapReader:
    reader = StrapReader("polar", PmdReader("polar", {kind: RUNNING[kind] for kind in kinds}))
    reader.take(LinkChange(0.0, "streaming", "Polar H10 1"))
    return reader


def ecg(time_s: float, *microvolt: int) -> Packet:
    rows = [[value] for value in microvolt]
    data = device.frame(0, int(time_s * 1e9), 0, device.plain(rows, 3))
    return Packet(time_s + 0.02, PMD_DATA, data)


def intervals(time_s: float, *entries: bytes) -> Packet:
    return Packet(time_s, PMD_DATA, device.frame(3, 0, 0, b"".join(entries)))


def test_an_ecg_frame_becomes_millivolts_of_the_named_device() -> None:
    (chunk,) = strap(PmdMeasurement.ECG).take(ecg(5.0, 100, -200))
    assert isinstance(chunk, Chunk)
    assert (chunk.signal, chunk.source, chunk.rate_hz) == (Signal.ECG, "Polar H10 1", 130.0)
    assert chunk.values[:, 0].tolist() == [0.1, -0.2]
    assert chunk.times_s[-1] == pytest.approx(5.02)
    assert chunk.device_times_s is not None
    assert chunk.device_times_s[-1] == 5.0


def test_what_was_not_started_is_ignored() -> None:
    assert strap(PmdMeasurement.ACC).take(ecg(5.0, 100)) == []


def test_a_frame_that_does_not_decode_is_counted_and_breaks_its_signal() -> None:
    reader = strap(PmdMeasurement.ECG)
    reader.take(ecg(5.0, 1, 2))
    (status,) = reader.take(Packet(5.1, PMD_DATA, b"\x00" * 12))
    assert isinstance(status, SensorStatus)
    assert status.bad == {"wrong length": 1}
    gap, _ = reader.take(ecg(5.0 + 4 / 130, 3, 4))
    assert isinstance(gap, Gap)
    assert (gap.signal, gap.reason) == (Signal.ECG, "bad_data")


def test_a_stop_by_the_device_breaks_only_what_it_stopped() -> None:
    reader = strap(PmdMeasurement.ECG, PmdMeasurement.PPI)
    reader.take(ecg(5.0, 1, 2))
    reader.take(intervals(5.0, device.interval(60, 1000)))
    reader.take(Packet(5.1, PMD_CONTROL, b"\x01\x00"))
    assert isinstance(reader.take(ecg(6.0, 1, 2))[0], Gap)
    assert isinstance(reader.take(intervals(6.0, device.interval(60, 1000)))[0], Chunk)


def test_intervals_that_cannot_be_trusted_split_the_run_where_they_stood() -> None:
    reader = strap(PmdMeasurement.PPI)
    first, gap, second = reader.take(
        intervals(
            10.0,
            device.interval(60, 1000),
            device.interval(60, 900, moved=True),
            device.interval(60, 800, error_ms=200),
            device.interval(60, 1100),
        )
    )
    assert isinstance(first, Chunk)
    assert first.times_s == pytest.approx([10.0 - 1.1 - 0.8 - 0.9])
    assert gap == Gap(Signal.RR, "Polar H10 1", 7.2, pytest.approx(8.9), "bad_data")
    assert isinstance(second, Chunk)
    assert second.times_s.tolist() == [10.0]
    assert second.values[:, 0].tolist() == [1.1]


def test_without_contact_there_are_no_beats() -> None:
    reader = strap(PmdMeasurement.PPI)
    reader.take(intervals(5.0, device.interval(60, 1000)))
    assert reader.take(intervals(6.0, device.interval(60, 1000, contact=False))) == []
    gap, _ = reader.take(intervals(7.0, device.interval(60, 1000)))
    assert isinstance(gap, Gap)
    assert gap.reason == "no_contact"


@pytest.mark.parametrize(("times", "trust"), [(1, {}), (2, {"rr": 0.0})])
def test_pulse_intervals_are_held_against_the_time_that_passes(
    times: int, trust: dict[str, float]
) -> None:
    reader, status = strap(PmdMeasurement.PPI), None
    for second in range(1, 121):
        samples = reader.take(
            Packet(second, MEASUREMENT, HeartRateMeasurement(75 + second % 3).encode())
        )
        if second % 5 == 0:
            beats = [800 + 13 * (i * second % 7) - 39 for i in range(6)]
            beats.append(5000 - sum(beats))
            twice = [device.interval(76, ms) for ms in beats for _ in range(times) if ms > 250]
            samples += reader.take(intervals(float(second), *twice))
        status = next((s for s in samples if isinstance(s, SensorStatus)), status)
    assert (status.trust if status else {}) == trust
    assert ("impossible" in (status.detail if status else "")) == (times == 2)


def test_beats_never_come_twice_from_one_device() -> None:
    reader = strap(PmdMeasurement.PPI)
    packet = HeartRateMeasurement(60, (1024,)).encode()
    samples = reader.take(Packet(1.0, MEASUREMENT, packet))
    assert [s.signal for s in samples if isinstance(s, Chunk)] == [Signal.HR]


def test_the_status_tells_what_the_device_is_until_there_is_advice() -> None:
    reader = strap()
    reader.take(Packet(1.0, MODEL, b"H10\0\0"))
    (status,) = reader.take(Packet(1.0, BATTERY, b"\x5a"))
    assert isinstance(status, SensorStatus)
    assert status.detail == "H10."
    (status,) = reader.take(Packet(2.0, BATTERY, b"\x09"))
    assert isinstance(status, SensorStatus)
    assert status.detail == "The battery is at 9 %: change it soon."


def test_a_clock_that_drifts_is_told_once() -> None:
    reader, said = strap(), []
    for second in range(1, 1200):
        packet = HeartRateMeasurement(60, (1020 if second % 2 else 1028,)).encode()
        for sample in reader.take(Packet(second * 1.00005, MEASUREMENT, packet)):
            if isinstance(sample, SensorStatus) and sample.detail:
                said.append(sample.detail)
    assert said == ["Its clock is 50 ppm slow."]


def test_a_stream_that_no_strap_has_is_refused() -> None:
    with pytest.raises(SettingsError, match="ekg"):
        StrapSettings(streams=frozenset({"ekg", "ecg"}))


@pytest.mark.slow
@given(
    st.lists(
        st.tuples(
            st.sampled_from([0, 1, 2, 3]),
            st.sampled_from([0, 1, 0x80, 0x81]),
            st.integers(0, 2**64 - 1),
            st.binary(max_size=60),
        ),
        max_size=12,
    )
)
def test_no_frame_ever_raises_and_times_never_turn_back(
    frames: list[tuple[int, int, int, bytes]],
) -> None:
    reader = strap(*RUNNING)
    latest = dict.fromkeys(Signal, 0.0)
    for time_s, (kind, type_byte, device_ns, data) in enumerate(frames, 1000):
        packet = Packet(float(time_s), PMD_DATA, device.frame(kind, device_ns, type_byte, data))
        for sample in reader.take(packet):
            if isinstance(sample, Chunk):
                assert sample.times_s[0] >= latest[sample.signal] - 1e-9
                latest[sample.signal] = float(sample.times_s[-1])
            elif isinstance(sample, Gap):
                assert sample.end_s >= sample.start_s
