"""A gap is a gap, a clock that is off is off by itself, and a start is the recording's own."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import edfio
import numpy as np
import pandas as pd
import pytest
import pyxdf
from msgspec import UNSET
from replayed_session import replayed
from rigs.logged import GAP_S, LENGTH_S, LoggedBody, write_log

from biofeedback.app.header import recorded_start
from biofeedback.app.registry import SensorOptions, sensor
from biofeedback.cli.app import run
from biofeedback.record import export_bids, export_edf, export_xdf
from biofeedback.record.inputs import input_line
from biofeedback.record.reader import LOG_NAME, read_header
from biofeedback.record.streams import LoggedStream, StreamCollector
from biofeedback.report.page import write
from sensors.files import read
from sensors.signals import Chunk, Gap, Signal


def quiet(share: float) -> None:
    return


def stream(times_s: np.ndarray, rate_hz: float = 130.0) -> LoggedStream:
    """Return a stream whose samples are their own numbers."""
    values = np.arange(len(times_s), dtype=np.float64)[:, None]
    return LoggedStream("ecg", "ecg", "", "mV", rate_hz, times_s, values, times_s)


EVEN_S = np.arange(130 * 600) / 130.0


@pytest.mark.parametrize("fast_ppm", [-5000.0, -300.0, -2.3, 0.0, 2.3, 300.0, 5000.0])
@pytest.mark.parametrize("start_s", [0.0, 0.0038, 3.3])
def test_no_sample_is_more_than_one_off_its_time_however_fast_the_clock(
    fast_ppm: float, start_s: float
) -> None:
    times_s = start_s + EVEN_S / (1 + fast_ppm * 1e-6)
    values = stream(times_s).at(130.0, 130 * 650)[:, 0]
    known = np.isfinite(values)
    placed_s = np.flatnonzero(known) / 130.0
    assert np.abs(placed_s - times_s[values[known].astype(int)]).max() < 1.01 / 130.0
    assert np.diff(np.flatnonzero(known)).max() == 1  # no hole where nothing is missing
    changed = int((np.diff(values[known]) != 1.0).sum())
    assert changed == pytest.approx(abs(fast_ppm) * 1e-6 * len(EVEN_S), rel=0.01, abs=2.0)


def test_jitter_neither_repeats_nor_drops_a_sample() -> None:
    jitter_s = np.random.default_rng(2).uniform(-0.24, 0.24, len(EVEN_S)) / 130.0
    values = stream(EVEN_S + 0.5 / 130.0 + jitter_s).at(130.0, 130 * 601)[:, 0]
    assert values[np.isfinite(values)].tolist() == list(range(len(EVEN_S)))


def test_what_follows_a_gap_keeps_its_time_and_the_gap_its_length() -> None:
    times_s = np.concatenate((EVEN_S[:1000], EVEN_S[:1000] + 60.0))
    values = stream(times_s).at(130.0, 130 * 70)[:, 0]
    assert np.flatnonzero(values == 1000.0).tolist() == [60 * 130]
    assert np.isnan(values[1000 : 60 * 130]).all()
    grid = stream(times_s).grid()
    known = np.isfinite(grid.values[:, 0])
    assert grid.times_s[known].tolist() == times_s.tolist()
    assert np.diff(grid.times_s).max() < 1.01 / 130.0


def test_a_slow_clock_makes_no_gap_where_nothing_is_missing() -> None:
    grid = stream(EVEN_S * 1.005).grid()
    assert np.isfinite(grid.values).all()
    assert len(grid.values) == len(EVEN_S)


def test_samples_whose_rate_differs_by_a_hair_or_is_not_said_are_one_stream() -> None:
    streams = StreamCollector()
    values = np.zeros(13)
    for second, rate_hz in enumerate((130.0, 130.0003, 130.0)):
        chunk = Chunk.regular(Signal.ECG, "strap", second / 10, rate_hz, values)
        streams.take(input_line(0, second / 10, chunk))
    hurried = Chunk.events(Signal.ECG, "strap", 0.3 + np.arange(13) / 140, values)
    streams.take(input_line(0, 0.4, hurried))
    streams.take(input_line(0, 0.9, Chunk.regular(Signal.ECG, "strap", 0.5, 200.0, values)))
    assert [(s.name, s.rate_hz, len(s.times_s)) for s in streams.all()] == [
        ("ecg", 130.0, 52), ("ecg2", 200.0, 13),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rates_hz", "sizes"),
    [
        ((130.0003,), [130]),
        ((130.0, 4.0), [130, 4]),
        ((51.2, 4.0), [256, 20]),
        ((1 / 15, 4.0), [1, 60]),
        ((3.987, 130.0), None),
        ((), []),
    ],
)
def test_every_rate_finds_a_record(rates_hz: tuple[float, ...], sizes: list[int] | None) -> None:
    record_s, found = export_edf._layout(rates_hz)
    if sizes is not None:
        assert found == sizes
    for rate_hz, size in zip(rates_hz, found, strict=True):
        assert 1.0 - 1e-4 <= size / record_s / rate_hz < 1.01


def test_a_rate_that_no_record_holds_loses_no_sample_and_no_time(tmp_path: Path) -> None:
    body = LoggedBody()
    body.chunks = [
        replace(chunk, rate_hz=None) if chunk.signal is not Signal.EDA else chunk
        for chunk in body.chunks
        if chunk.signal in (Signal.EDA, Signal.RR)
    ]
    odd_s = np.arange(390) / 3.987
    body.chunks.append(Chunk.regular(Signal.TEMP, "odd", 0.0, 3.987, 30 + odd_s))
    session = write_log(tmp_path / "session", body)
    export_edf.export(session, tmp_path / "a.edf", force=False, progress=quiet)
    temp = edfio.read_edf(tmp_path / "a.edf").get_signal("TEMP")
    times_s = np.arange(len(temp.data)) / temp.sampling_frequency
    known = temp.digital != -32768
    assert np.abs(temp.data[known] - 30 - times_s[known]).max() < 1.1 / 3.987
    assert len(set(temp.data[known].tolist())) == 390


def test_the_fill_is_a_value_that_no_body_has(tmp_path: Path) -> None:
    session = write_log(tmp_path / "session", LoggedBody())
    export_edf.export(session, tmp_path / "a.edf", force=False, progress=quiet)
    for signal in edfio.read_edf(tmp_path / "a.edf").signals:
        known = signal.data[signal.digital != -32768]
        fill = signal.data[signal.digital == -32768].min()
        assert fill < known.min() - 0.99 * (known.max() - known.min()), signal.label
        if signal.label in ("EDA", "TEMP"):
            assert fill < 0.0


@pytest.mark.parametrize("name", ["a.edf", "a.xdf"])
def test_the_gaps_that_are_read_back_are_those_of_the_log(tmp_path: Path, name: str) -> None:
    """Also that of a signal which stops while others go on, which a reader finds by itself."""
    body = LoggedBody()
    body.chunks = [
        chunk
        for chunk in body.chunks
        if chunk.signal in (Signal.EDA, Signal.HR)
        or (chunk.signal is Signal.RR and chunk.times_s[-1] < GAP_S[0])
    ]
    start_s = max(chunk.times_s[-1] for chunk in body.chunks if chunk.signal is Signal.RR)
    stopped = Gap(Signal.RR, "worn", float(start_s), LENGTH_S, "no_contact")
    body.gaps = {key: body.gaps[key] for key in (Signal.EDA, Signal.HR)} | {Signal.RR: stopped}
    session = write_log(tmp_path / "session", body)
    export = export_edf if name == "a.edf" else export_xdf
    export.export(session, tmp_path / name, force=False, progress=quiet)
    found = {gap.signal: gap for gap in read(tmp_path / name).gaps}
    assert len(found) == len(read(tmp_path / name).gaps)
    assert {signal: gap.reason for signal, gap in found.items()} == {
        Signal.RR: "no_contact", Signal.HR: "link", Signal.EDA: "link",
    }  # fmt: skip
    for signal, gap in body.gaps.items():
        times_s = (found[signal].start_s, found[signal].end_s)
        assert times_s == pytest.approx((gap.start_s, gap.end_s), abs=2e-6)


@pytest.mark.parametrize(
    ("recorded", "date", "about", "acq_time", "iso"),
    [
        ("2026-04-24T14:10:17.633", "24.04.2614.10.17", "24-APR-2026 X X biofeedback",
         "2026-04-24T14:10:17.633", "2026-04-24T14:10:17.633"),
        ("2026-04-24T23:10:17.633-05:00", "25.04.2604.10.17", "25-APR-2026 X X biofeedback UTC",
         "2026-04-25T04:10:17.633Z", "2026-04-25T04:10:17.633+00:00"),
        (None, "01.01.8500.00.00", "X X X biofeedback", None, None),
        ("0001-01-01T00:00:00+14:00", "01.01.8500.00.00", "X X X biofeedback", None, None),
        ("damage", "01.01.8500.00.00", "X X X biofeedback", None, None),
    ],
)  # fmt: skip
def test_a_replay_bears_the_start_of_its_recording_and_never_its_own(
    tmp_path: Path, recorded: str | None, date: str, about: str, acq_time: str | None,
    iso: str | None,
) -> None:  # fmt: skip
    body = LoggedBody()
    body.chunks = [chunk for chunk in body.chunks if chunk.signal is Signal.EDA]
    session = write_log(tmp_path / "session", body, recorded=recorded)
    export_edf.export(session, tmp_path / "a.edf", force=False, progress=quiet)
    head = (tmp_path / "a.edf").read_bytes()[88:184].decode()
    assert head == f"Startdate {about}".ljust(80) + date
    export_xdf.export(session, tmp_path / "a.xdf", force=False, progress=quiet)
    header = pyxdf.load_xdf(tmp_path / "a.xdf")[1]["info"]
    assert header.get("datetime", [None]) == [iso]
    began = read_header(session).began
    for name in ("a.edf", "a.xdf"):
        assert read(tmp_path / name).started == began
    export_bids.export(session, tmp_path / "bids", force=False, progress=quiet)
    scans = pd.read_csv(next((tmp_path / "bids").glob("**/*_scans.tsv")), sep="\t")
    assert scans.acq_time[0] == acq_time or (acq_time is None and scans.acq_time.isna()[0])
    events = json.loads(next((tmp_path / "bids").glob("**/*_events.json")).read_text())
    assert events["SessionStarted"] == (acq_time or "n/a")


def test_recordings_of_one_time_have_that_start_and_of_several_none() -> None:
    def start(*files: datetime | None) -> object:
        body = sensor("sim:", SensorOptions())
        return recorded_start([replace(body, digest="0" * 64, started=one) for one in files])

    noon = datetime(2026, 4, 24, 12, tzinfo=UTC)
    assert recorded_start([sensor("sim:", SensorOptions())]) is UNSET
    assert start(noon, None, noon.replace(microsecond=400_000)) == noon.isoformat(
        timespec="milliseconds"
    )
    assert start(noon, noon.replace(hour=13)) is None
    assert start(noon, noon.replace(tzinfo=None)) is None
    assert start(None) is None
    assert start(noon.replace(tzinfo=None)) == "2026-04-24T12:00:00.000"


@pytest.mark.slow  # plays two sessions
def test_a_replay_keeps_the_start_in_its_log_its_report_and_its_own_replay(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "skin.csv"
    rows = [f"2026-04-24T14:10:{second:02}.250+02:00,{3 + second / 50}" for second in range(20)]
    path.write_text("time,eda\n" + "\n".join(rows) + "\n")
    first = replayed(tmp_path / "first", path)
    assert read_header(first).recorded == "2026-04-24T12:10:00.250+00:00"
    assert run(["sessions", "list", "--out", str(tmp_path / "first"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["recorded"] == read_header(first).recorded
    again = replayed(tmp_path / "again", first / LOG_NAME)
    assert read_header(again).recorded == read_header(first).recorded
    assert "Recorded 24 April 2026, 12:10 UTC" in write(again, quiet).read_text(encoding="utf-8")
