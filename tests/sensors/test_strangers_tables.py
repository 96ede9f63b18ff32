"""Tables as strangers bring them: the beats and values that they hold, whatever their writing."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from sensors.errors import RecordingError
from sensors.files import Recording, read
from sensors.signals import Chunk, FloatArray, Signal

START = datetime(2025, 3, 9, 7, 5, 3, 250_000)
UNIX_S = START.replace(tzinfo=UTC).timestamp()


def beats_ms(count: int = 300) -> list[int]:
    rng = np.random.default_rng(7)
    return (870 + 25 * np.sin(np.arange(count) / 4) + rng.normal(0, 12, count)).astype(int).tolist()


RR_MS = beats_ms()
ENDS_S = np.cumsum(RR_MS) / 1000


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def one(recording: Recording, signal: Signal) -> Chunk:
    (chunk,) = [chunk for chunk in recording.series if chunk.signal is signal]
    return chunk


def rows(times: list[str], rr: list[str], header: str = "", cut: str = ",") -> str:
    pairs = [f"{t}{cut}{x}" for t, x in zip(times, rr, strict=True)]
    return "\n".join([*([header] if header else []), *pairs]) + "\n"


def moments(pattern: str) -> list[str]:
    return [(START + timedelta(seconds=float(t))).strftime(pattern)[:-3] for t in ENDS_S]


MS = [str(rr) for rr in RR_MS]
SECONDS = [f"{rr / 1000:.3f}" for rr in RR_MS]
COMMA = [text.replace(".", ",") for text in SECONDS]
#: A packet each second: beats that ended before it have its time.
PACKETS_S = np.ceil(ENDS_S) + 0.13
BEATS = {
    "iso": rows(moments("%Y-%m-%dT%H:%M:%S.%f"), MS, "timestamp,rr_ms"),
    "iso, zone": rows([m + "+02:00" for m in moments("%Y-%m-%d %H:%M:%S.%f")], MS, "Date;RR", ";"),
    "german dates": rows(moments("%d.%m.%Y %H:%M:%S.%f"), MS, "Zeitstempel;RR-Abstand [ms]", ";"),
    "clock": rows(moments("%H:%M:%S.%f"), MS, "Uhrzeit\tRR (ms)", "\t"),
    "american": rows(moments("%m/%d/%Y %H:%M:%S.%f"), MS, "date,ibi"),
    "date beside clock": rows(
        [m.replace(" ", ",") for m in moments("%Y-%m-%d %H:%M:%S.%f")], MS, "date,time,rr"
    ),
    "unix s": rows([f"{UNIX_S + t:.3f}" for t in ENDS_S], SECONDS, "time,rr"),
    "unix ms": rows([f"{(UNIX_S + t) * 1e3:.0f}" for t in ENDS_S], MS, "time,rr"),
    "unix us": rows([f"{(UNIX_S + t) * 1e6:.0f}" for t in ENDS_S], MS, "unix;ibi", ";"),
    "unix ns": rows([f"{(UNIX_S + t) * 1e9:.0f}" for t in ENDS_S], MS, "epoch,RR interval (ms)"),
    "own clock in ns": rows([f"{(5e8 + t) * 1e9:.0f}" for t in ENDS_S], MS, "sensor timestamp,rr"),
    "ms unlabelled": rows([f"{t * 1e3:.0f}" for t in ENDS_S], MS, "t,ibi"),
    "ms, said to be s": rows([f"{t * 1e3:.0f}" for t in ENDS_S], MS, "time [s],RR [s]"),
    "us": rows([f"{t * 1e6:.0f}" for t in ENDS_S], [f"{rr}000" for rr in RR_MS], "t (us),rr (us)"),
    "minutes": rows([f"{t / 60:.6f}" for t in ENDS_S], MS, "Time (min),RR (ms)"),
    "arrival": rows([f"{t:.3f}" for t in PACKETS_S], MS, "time,rr"),
    "arrival, unix ms": rows([f"{(UNIX_S + t) * 1e3:.0f}" for t in PACKETS_S], MS, "ts_time,rr_ms"),
    "arrival, iso": rows(
        [(START + timedelta(seconds=float(t))).isoformat() for t in PACKETS_S], SECONDS, "time,rr"
    ),
    "whole seconds": rows([f"{t:.0f}" for t in ENDS_S], MS, "elapsed,RR"),
    "french": rows([f"{t:.3f}".replace(".", ",") for t in ENDS_S], COMMA, "Temps (s);RR (s)", ";"),
    "tab and comma": rows([f"{t:.3f}".replace(".", ",") for t in ENDS_S], COMMA, "", "\t"),
    "quoted commas": rows(
        [f'"{t:.3f}"'.replace(".", ",") for t in ENDS_S], [f'"{x}"' for x in COMMA], "Zeit,RR"
    ),
    "rr before time": rows(MS, [f"{t:.3f}" for t in ENDS_S], "RR (ms),Time (s)"),
    "no header": rows([f"{t:.3f}" for t in ENDS_S], MS, "", " "),
    "no header, ms, swapped": rows(MS, [f"{t * 1e3:.0f}" for t in ENDS_S], "", ","),
    "row numbers": rows(
        [f"{i},{t:.3f}" for i, t in enumerate(ENDS_S)], MS, ",time,rr"
    ),
    "began": rows([f"{t:.3f}" for t in np.subtract(ENDS_S, np.divide(RR_MS, 1e3))], MS, "t,rr"),
    "column, comma": "\n".join(COMMA) + "\n",
    "column, suffix": "\n".join(f"{x} s" for x in SECONDS) + "\n",
    "column, us": "RR (us)\n" + "\n".join(f"{rr}000" for rr in RR_MS) + "\n",
    "column, comments": "% made by a logger\n% unit = s\n" + "\n".join(SECONDS) + "\n",
    "suffixes": rows([f"{t:.3f} s" for t in ENDS_S], [f"{rr}ms" for rr in RR_MS], "Time,RR"),
    "units below": "time,rr\ns,ms\n" + rows([f"{t:.3f}" for t in ENDS_S], MS),
    "preamble": "Made by X\nSubject; 7\n\n" + rows([f"{t:.3f}" for t in ENDS_S], MS, "s;rr", ";"),
    "excel": "sep=;\n" + rows([f"{t:.3f}" for t in ENDS_S], MS, "time;rr", ";"),
    "commented header": "# by X\n# time\trr\n" + rows([f"{t:.3f}" for t in ENDS_S], MS, "", "\t"),
    "since start": rows(
        [f"{m},{rr}" for m, rr in zip(moments("%Y-%m-%d %H:%M:%S.%f"), RR_MS, strict=True)],
        [f"{t * 1000:.0f}" for t in ENDS_S], "date,rr,since start",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", BEATS)
def test_the_same_beats_come_out_however_they_are_written(tmp_path: Path, kind: str) -> None:
    recording = read(write(tmp_path / "beats.csv", BEATS[kind]))
    rr = one(recording, Signal.RR)
    assert 1000 * rr.values[:, 0] == pytest.approx(np.array(RR_MS), abs=0.01)
    assert recording.gaps == ()
    off_s = rr.times_s - ENDS_S
    late_s = 1.2 if "arrival" in kind or kind == "whole seconds" else 0.002
    assert np.ptp(off_s) < late_s


@pytest.mark.parametrize(
    ("kind", "started"),
    [
        ("iso", START + timedelta(seconds=ENDS_S[0])),
        ("german dates", START + timedelta(seconds=ENDS_S[0])),
        ("since start", START + timedelta(seconds=ENDS_S[0])),
        ("date beside clock", START + timedelta(seconds=ENDS_S[0])),
        ("unix ns", START.replace(tzinfo=UTC) + timedelta(seconds=ENDS_S[0])),
        ("clock", None),
        ("american", None),  # the ninth of March, or the third of September
        ("own clock in ns", None),
    ],
)
def test_the_start_is_told_where_the_day_is(
    tmp_path: Path, kind: str, started: datetime | None
) -> None:
    found = read(write(tmp_path / "beats.csv", BEATS[kind])).started
    assert (found is None) == (started is None)
    if found is not None and started is not None:
        assert abs((found - started).total_seconds()) < 0.002


def wave(rate_hz: float, seconds: float = 60.0) -> tuple[FloatArray, FloatArray]:
    times_s = np.arange(int(rate_hz * seconds)) / rate_hz
    return times_s, 4.0 + np.sin(times_s)


@pytest.mark.parametrize(
    ("header", "scale"),
    [
        ("time,EDA", 1.0),
        ("time,EDA (S)", 1e-6),
        ("time,gsr_nS", 1e3),
        ("time,Skin conductance [µS]", 1.0),
        ("time,EDA [mS]", 1e-3),
        ("Zeit (s),Hautleitwert (µS)", 1.0),
        ("time,eda/uS", 1.0),
        ("time,conductance in uS", 1.0),
    ],
)
def test_conductance_comes_in_microsiemens(tmp_path: Path, header: str, scale: float) -> None:
    times_s, values = wave(4.0)
    text = rows([f"{t:.3f}" for t in times_s], [f"{v * scale:.8g}" for v in values], header)
    eda = one(read(write(tmp_path / "eda.csv", text)), Signal.EDA)
    assert eda.values[:, 0] == pytest.approx(values, rel=1e-6)


@pytest.mark.parametrize(
    ("header", "worth"),
    [
        ("time,GSR (kOhm)", 1e3),
        ("time,GSR (Ohm)", 1e6),
        ("time,skin resistance [kΩ]", 1e3),
        ("time,EDA MOhm", 1.0),
        ("Zeit,Hautwiderstand (kOhm)", 1e3),
    ],
)
def test_a_resistance_is_turned_over(tmp_path: Path, header: str, worth: float) -> None:
    times_s, values = wave(4.0)
    text = rows([f"{t:.3f}" for t in times_s], [f"{worth / v:.8g}" for v in values], header)
    eda = one(read(write(tmp_path / "eda.csv", text)), Signal.EDA)
    assert eda.values[:, 0] == pytest.approx(values, rel=1e-6)


@pytest.mark.parametrize("header", ["time,GSR", "time,Skin Resistance", "time,GSR (no_units)",
                                    "time,EDA (mV)", "time,gsr raw"])  # fmt: skip
def test_what_may_be_a_resistance_is_refused_until_its_unit_is_said(
    tmp_path: Path, header: str
) -> None:
    times_s, values = wave(4.0)
    path = write(
        tmp_path / "gsr.csv",
        rows([f"{t:.3f}" for t in times_s], [f"{1e3 / v:.6g}" for v in values], header),
    )
    with pytest.raises(RecordingError) as caught:
        read(path)
    assert caught.value.hint
    column = header.split(",")[1].split(" (")[0]
    eda = one(read(path, columns={"eda": f"{column} [kOhm]"}), Signal.EDA)
    assert eda.values[:, 0] == pytest.approx(values, rel=1e-4)


def test_a_conductance_is_taken_before_the_resistance_beside_it(tmp_path: Path) -> None:
    times_s, values = wave(10.0)
    head = '"sep=\t"\nX_Timestamp_Unix_CAL\tX_GSR_Skin_Resistance_CAL\tX_GSR_Skin_Conductance_CAL'
    head += "\tX_GSR_Range_CAL\nms\tkOhms\tuS\tno_units\n"
    text = head + "\n".join(
        f"{(UNIX_S + t) * 1e3:.1f}\t{1e3 / v:.7g}\t{v:.7g}\t2"
        for t, v in zip(times_s, values, strict=True)
    )
    recording = read(write(tmp_path / "session.csv", text))
    (eda,) = recording.series
    assert eda.values[:, 0] == pytest.approx(values, rel=1e-6)
    assert eda.rate_hz == pytest.approx(10.0)
    assert recording.started is not None
    assert recording.warnings == ()


@pytest.mark.parametrize("columns", [None, {"ecg": "Lead II [uV]"}, {"ecg": "Lead II"}])
def test_microvolts_are_millivolts(tmp_path: Path, columns: dict[str, str] | None) -> None:
    times_s, values = wave(250.0, 4.0)
    header = "time,ECG (uV)" if columns is None else "time,Lead II"
    if columns == {"ecg": "Lead II"}:
        header += " (µV)"
    text = rows([f"{t:.3f}" for t in times_s], [f"{v * 1000:.4f}" for v in values], header)
    ecg = one(read(write(tmp_path / "ecg.csv", text), columns=columns), Signal.ECG)
    assert ecg.values[:, 0] == pytest.approx(values, abs=1e-6)


@pytest.mark.parametrize(("size", "rate_hz"), [(73, 130.0), (36, 52.0), (3, 15.0), (16, 128.0)])
def test_frames_that_share_a_stamp_are_spread_and_a_lost_one_is_a_gap(
    tmp_path: Path, size: int, rate_hz: float
) -> None:
    signal = "eda_us" if rate_hz < 50 else "ecg_mv"
    frames = int(60 * rate_hz / size)
    _, values = wave(rate_hz, 70.0)
    late = np.random.default_rng(1).uniform(0, 0.3 * size / rate_hz, frames)
    lost = frames // 2
    text = f"time,{signal}\n" + "".join(
        f"{frame * size / rate_hz + late[frame]:.4f},{values[frame * size + i]:.5f}\n"
        for frame in range(frames)
        if frame != lost
        for i in range(size)
    )
    recording = read(write(tmp_path / "frames.csv", text))
    (chunk,) = recording.series
    known = np.isfinite(chunk.values[:, 0])
    assert known.sum() == (frames - 1) * size
    assert chunk.rate_hz == pytest.approx(rate_hz, rel=0.01)
    (gap,) = recording.gaps
    assert gap.end_s - gap.start_s == pytest.approx(size / rate_hz, rel=0.05)


def test_marker_columns_become_markers(tmp_path: Path) -> None:
    lines = [
        f"{i / 4},{3 + i % 3 / 10},{'' if i not in (80, 200) else 'tone, high'}" for i in range(400)
    ]
    text = "time,eda,Event\n" + "\n".join(
        line.replace("tone, high", '"tone, high"') for line in lines
    )
    assert read(write(tmp_path / "m.csv", text)).markers == (
        (20.0, "tone, high"), (50.0, "tone, high"),
    )  # fmt: skip
    phases = "time,phase,eda,trigger,id\n" + "\n".join(
        f"{i / 4},{'rest' if i < 200 else 'task'},{3 + i % 3 / 10},{int(i == 100)},P7"
        for i in range(400)
    )
    markers = read(write(tmp_path / "p.csv", phases)).markers
    assert markers == ((0.0, "rest"), (25.0, "1"), (50.0, "task"))


@pytest.mark.parametrize("step_s", [2e5, 1.7e9, -40.0])
def test_a_clock_that_was_set_is_an_error_with_its_line(tmp_path: Path, step_s: float) -> None:
    text = "time,eda\n" + "".join(
        f"{i / 4 + (step_s if i > 500 else 0.0)},{3 + i % 7 / 10}\n" for i in range(1000)
    )
    path = write(tmp_path / "jump.csv", text)
    with pytest.raises(RecordingError) as caught:
        read(path)
    assert "503" in str(caught.value)
    assert read(path, rate_hz=4.0).duration_s == 250.0


def test_the_second_of_two_channels_is_named_and_can_be_taken(tmp_path: Path) -> None:
    times_s, values = wave(250.0, 4.0)
    text = "time,ECG I,ECG II\n" + "".join(
        f"{t:.3f},{v / 9:.5f},{v:.5f}\n" for t, v in zip(times_s, values, strict=True)
    )
    path = write(tmp_path / "two.csv", text)
    recording = read(path)
    (said,) = recording.warnings
    assert "'ECG I'" in said
    assert '--columns "ecg=ECG II"' in said
    second = one(read(path, columns={"ecg": "ECG II"}), Signal.ECG)
    assert second.values[:, 0] == pytest.approx(values, abs=1e-4)
    assert second.rate_hz == pytest.approx(250.0)
