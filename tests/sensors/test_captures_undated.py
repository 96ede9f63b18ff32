"""A shared capture does not tell the day it was made on, and plays as it did."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from rigs.captured import UART, capture

from sensors.ble.polar import PMD_CONTROL, PMD_DATA
from sensors.captures.capture import Capture, CaptureEvent
from sensors.captures.dates import undated
from sensors.captures.needles import Identity
from sensors.captures.playing import samples_of
from sensors.captures.scrub import scrub
from sensors.codecs.polar_frames import PmdFrame
from sensors.codecs.polar_pmd import PmdMeasurement, PmdSetting, start
from sensors.signals import Chunk, Gap

UNIX_S = 1_790_003_123
EPOCH_2000 = 946_684_800
DAY = datetime.fromtimestamp(UNIX_S, UTC)
NS = 10**9


def polar(leaps_s: dict[int, float]) -> Capture:
    """Return ECG of a minute; before some frames the device's clock is set."""
    request = start(PmdMeasurement.ECG, {PmdSetting.RATE_HZ: 130})
    said = [
        CaptureEvent(0.1, "connected"),
        CaptureEvent(0.2, "write", PMD_CONTROL, request),
        CaptureEvent(0.3, "answer", PMD_CONTROL, b"\xf0\x02\x00\x00\x00"),
    ]
    rng, device_ns = np.random.default_rng(3), (UNIX_S - EPOCH_2000) * NS
    for number in range(100):
        device_ns += 73 * NS // 130 + int(leaps_s.get(number, 0.0) * NS)
        body = rng.integers(-900, 900, 73).astype("<i4").view("u1").reshape(-1, 4)[:, :3].tobytes()
        data = b"\x00" + device_ns.to_bytes(8, "little") + b"\x00" + body
        late_s = float(rng.uniform(0.01, 0.05))
        said.append(CaptureEvent(1 + number * 73 / 130 + late_s, "packet", PMD_DATA, data))
    return replace(capture(), events=tuple(said))


def test_frames_of_polar_tell_no_day_and_play_the_same_samples() -> None:
    found = polar({40: -3.0})
    clean = scrub(found, Identity(), UNIX_S)
    told = [PmdFrame.decode(one.data).device_ns for one in clean.of("packet")]
    was = [PmdFrame.decode(one.data).device_ns for one in found.of("packet")]
    assert max(told) < 2 * 86400 * NS
    assert np.diff(told).tolist() == np.diff(was).tolist()
    before, after = (list(samples_of(one, "x")) for one in (found, clean))
    assert len(before) == len(after) > 90
    for one, other in zip(before, after, strict=True):
        assert type(one) is type(other)
        if isinstance(one, Chunk) and isinstance(other, Chunk):
            assert np.array_equal(one.values, other.values)
            assert other.times_s == pytest.approx(one.times_s, abs=1e-6)
        elif isinstance(one, Gap) and isinstance(other, Gap):
            assert (other.start_s, other.end_s) == pytest.approx((one.start_s, one.end_s), abs=1e-6)
    assert clean.removed["clock"] == 1


@pytest.mark.parametrize("leap_days", [2521.0, -2521.0])
def test_how_far_a_clock_was_off_before_it_was_set_is_not_told(leap_days: float) -> None:
    found = polar({50: leap_days * 86400})
    clean = scrub(found, Identity(), UNIX_S)
    told = [PmdFrame.decode(one.data).device_ns for one in clean.of("packet")]
    assert max(np.abs(np.diff(told)).tolist()) == 86400 * NS
    counts = [sum(len(one) for one in samples_of(c, "x") if isinstance(one, Chunk))
              for c in (found, clean)]  # fmt: skip
    assert counts[0] == counts[1]


def ways() -> list[bytes]:
    """Return how a device may tell the time, worked out apart from the product's own list."""
    found = []
    for seconds in (UNIX_S + 7, UNIX_S + 7 - EPOCH_2000):
        for units, size in ((1, 4), (1000, 8), (1000, 6), (1_000_000, 8), (NS, 8)):
            found += [(seconds * units).to_bytes(size, order) for order in ("big", "little")]  # type: ignore[arg-type]
    found += [str(UNIX_S * units + 5).encode() for units in (1, 1000, 1_000_000)]
    found += [DAY.strftime(text).encode() for text in ("%Y-%m-%d", "%d.%m.%Y", "%Y%m%d")]
    found.append(DAY.year.to_bytes(2, "little") + bytes([DAY.month, DAY.day]))  # of 0x2A08
    found.append(bytes.fromhex(f"{DAY:%y%m%d}"))
    return found


@pytest.mark.parametrize("way", ways())
@pytest.mark.parametrize("kind", ["write", "answer", "packet"])
def test_a_time_that_is_told_becomes_zeros_wherever_it_stands(kind: str, way: bytes) -> None:
    data = b"\xf0\x0b" + way + b"\xee"
    found = scrub(capture((kind, UART, data)), Identity(), UNIX_S)  # type: ignore[arg-type]
    (event,) = (one for one in found.events if one.data)
    assert (event.data[:2], event.data[-1:], len(event.data)) == (b"\xf0\x0b", b"\xee", len(data))
    assert len(set(event.data[2:-1]) - {0, ord("0")}) <= max(1, len(way) - 3)
    assert way not in event.data
    assert found.removed["time"] >= 1


def band(binary: str) -> str:
    return (
        'title = "A band"\nsupport = "none"\n[match]\nname = "B*"\n[data]\nrate_hz = 4\n'
        f'characteristic = "{UART}"\n{binary}\n[valid]\nbelow = 1e9\n'
    )


@pytest.mark.parametrize(
    ("kind", "write"),
    [
        ('type = "u32"', lambda s: int(s).to_bytes(4, "little")),
        ('type = "u32", endian = "big"', lambda s: int(s).to_bytes(4, "big")),
        ('type = "i32"', lambda s: int(s).to_bytes(4, "little")),
        ('type = "f32"', lambda s: np.float32(s).tobytes()),
    ],
)
def test_the_clock_of_a_band_begins_anew_and_its_samples_stay(kind: str, write: object) -> None:
    text = band(f'[binary]\nclock = {{ at = 0, {kind}, tick_s = 1 }}\n'
                'values = { at = 4, type = "u32", count = 1 }')  # fmt: skip
    said = [("packet", UART, write(UNIX_S + n) + (UNIX_S + n).to_bytes(4, "little") + b"\xd6")  # type: ignore[operator]
            for n in range(4)]  # fmt: skip
    found = capture(*said, driver="profile", profile=text)  # type: ignore[arg-type]
    clean, times = undated(found, UNIX_S)
    assert times["clock"] == 1
    for was, now in zip(found.of("packet"), clean.of("packet"), strict=True):
        assert now.data[4:] == was.data[4:]  # a value is a value, whatever it looks like
        assert was.data[:4] not in now.data[:4]
    before, after = (
        [(one.times_s.tolist(), one.values.tolist()) for one in samples_of(c, "x")
         if isinstance(one, Chunk)] for c in (found, clean)
    )  # fmt: skip
    assert before == after


def test_lines_tell_no_day_though_they_are_cut_anywhere() -> None:
    text = band('[text]\nstarts_with = "E,"\nvalue = 2\nclock = { column = 1, tick_s = 0.001 }')
    lines = "".join(
        f"E,{UNIX_S * 1000 + n * 250}.5,{4 + n / 8},{DAY + timedelta(seconds=n):%Y-%m-%d %H:%M}\n"
        for n in range(30)
    ).encode()
    said = [("packet", UART, lines[i : i + 20]) for i in range(0, len(lines), 20)]
    found = capture(*said, driver="profile", profile=text)  # type: ignore[arg-type]
    clean = scrub(found, Identity(), UNIX_S)
    told = b"".join(one.data for one in clean.of("packet"))
    assert len(told) == len(lines)
    assert not re.search(rb"20\d\d-|17900", told)
    clocks = [Decimal(line.split(",")[1]) for line in told.decode().splitlines()]
    assert clocks == [Decimal(250 * n) for n in range(30)]
    values = [[one.values.tolist() for one in samples_of(c, "x") if isinstance(one, Chunk)]
              for c in (found, clean)]  # fmt: skip
    assert values[0] == values[1]
    assert len(values[0]) >= 29
