"""A recording keeps when it was made, as far as its file tells, and never makes a time zone up."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from rigs.recording_files import START_UTC_S, write_e4, write_edf, write_hrm_rr, write_xdf

from sensors.files import read
from sensors.signals import Signal

UTC_START = datetime.fromtimestamp(START_UTC_S, UTC)


def table(*times: str, header: str = "timestamp,rr_ms", cut: str = ",") -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        rows = [f"{time}{cut}800" for time in times]
        path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        return path

    return write


def hrm(date: str, time: str) -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        text = write_hrm_rr(path).read_text()
        path.write_text(text.replace("Date=20200101", f"Date={date}\nStartTime={time}"))
        return path

    return write


def edf(date: str, time: str, about: str) -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        data = bytearray(write_edf(path).read_bytes())
        data[88:168] = about.ljust(80).encode()
        data[168:184] = f"{date}{time}".encode()
        path.write_bytes(data)
        return path

    return write


LOCAL = datetime(2026, 4, 24, 14, 10, 17, 633000)
WHOLE = LOCAL.replace(microsecond=0)


@pytest.mark.parametrize(
    ("write", "started"),
    [
        (write_e4, UTC_START),
        (write_xdf, UTC_START),
        (table(f"{START_UTC_S}", f"{START_UTC_S + 0.8}"), UTC_START),
        (table("2026-04-24T14:10:17.633", "2026-04-24T14:10:18.433"), LOCAL),
        (table('"2026-04-24 14:10:17.633"', '"2026-04-24 14:10:18.433"'), LOCAL),
        (
            table("2026-04-24T14:10:17,633", "2026-04-24T14:10:18,433",
                  header="Phone timestamp;RR-interval [ms]", cut=";"),
            LOCAL,
        ),
        (
            table("2026-04-24T14:10:17.633+02:00", "2026-04-24T14:10:18.433+02:00"),
            LOCAL.replace(hour=12, tzinfo=UTC),
        ),
        (table("2026-04-24T14:10:17.633Z", "2026-04-24T14:10:18.433Z"), LOCAL.replace(tzinfo=UTC)),
        (table("0.8", "1.6"), None),
        (hrm("20260424", "14:10:17.633"), LOCAL),
        (hrm("20260424", "noon"), None),
        (edf("24.04.26", "14.10.17", "Startdate 24-APR-2026 X X X"), WHOLE),
        (edf("24.04.26", "14.10.17", "a laboratory"), WHOLE),
        (edf("24.04.99", "14.10.17", ""), WHOLE.replace(year=1999)),
        (edf("24.04.yy", "14.10.17", "Startdate 24-APR-2126 X X X"), None),
        (edf("01.01.85", "00.00.00", "Startdate X X X X"), None),
        (edf("24.04.26", "14.10.17", "Startdate X X X X"), None),
        (edf("01.01.85", "00.00.00", ""), None),
        (edf("nonsense", "14.10.17", "Startdate 24-APR-2026 X X X"), None),
    ],
)  # fmt: skip
def test_the_start_is_what_the_file_tells(
    tmp_path: Path, write: Callable[[Path], Path], started: datetime | None
) -> None:
    recording = read(write(tmp_path / "recording"))
    assert recording.started == started
    assert (recording.started is None) == (started is None)
    if started is not None:
        assert recording.started.tzinfo == started.tzinfo


def test_date_times_are_the_times_of_their_rows(tmp_path: Path) -> None:
    write = table(*(f"2026-04-24T14:{minute:02}:59.900" for minute in range(10, 14)))
    (rr,) = read(write(tmp_path / "rr.csv")).series
    assert rr.times_s.tolist() == [0.0, 60.0, 120.0, 180.0]


def test_a_number_that_could_be_a_date_is_a_number(tmp_path: Path) -> None:
    write = table("20200101", "20200102", header="time_s,ecg")
    recording = read(write(tmp_path / "ecg.csv"))
    assert recording.started is None
    assert recording.duration_s == pytest.approx(20200103)


def test_three_columns_of_acceleration_are_three_axes(tmp_path: Path) -> None:
    path = tmp_path / "acc.csv"
    rows = [f"{row / 50},0.1,-0.2,0.97" for row in range(100)]
    path.write_text("\n".join(["time_s,acc_x_g,acc_y_g,acc_z_g", *rows]))
    (acc,) = read(path).series
    assert acc.signal is Signal.ACC
    assert acc.values.shape == (100, 3)
    assert acc.values[7].tolist() == [0.1, -0.2, 0.97]


def test_an_even_device_that_was_followed_live_is_even_still(tmp_path: Path) -> None:
    """Its times wander by some ms, more than the samples of an ECG are apart."""
    times_s = np.arange(13_000) / 130
    wander_s = 0.02 * np.sin(times_s / 5)
    path = tmp_path / "ecg.csv"
    pairs = zip((times_s + wander_s).tolist(), np.sin(times_s).tolist(), strict=True)
    path.write_text("time_s,ecg_mv\n" + "".join(f"{t:.6f},{v:.4f}\n" for t, v in pairs))
    (ecg,) = read(path).series
    assert ecg.rate_hz == pytest.approx(130.0, rel=1e-3)
    assert len(ecg) == 13_000
    assert np.isfinite(ecg.values).all()


def test_an_empty_stream_of_an_xdf_does_not_hide_the_others(tmp_path: Path) -> None:
    path = write_xdf(tmp_path / "lab.xdf")
    whole = {chunk.signal: len(chunk) for chunk in read(path).series}
    head = (
        b'<?xml version="1.0"?><info><name>chest</name><type>ECG</type><channel_count>1'
        b"</channel_count><nominal_srate>130</nominal_srate><channel_format>float32"
        b"</channel_format></info>"
    )
    content = (2).to_bytes(2, "little") + (99).to_bytes(4, "little") + head
    size = (4).to_bytes(1, "little") + len(content).to_bytes(4, "little")
    path.write_bytes(path.read_bytes() + size + content)
    recording = read(path)
    assert {chunk.signal: len(chunk) for chunk in recording.series} == whole
    assert "the stream 'chest' is empty" in recording.warnings
