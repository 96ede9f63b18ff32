"""EDF, XDF and Kubios reports, made by independent writers, are read as they were meant."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from edfio import Edf, EdfAnnotation, EdfSignal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rigs.recording_files import FORMATS, write_edf, write_xdf

from sensors.base import Sample
from sensors.errors import RecordingError
from sensors.files import Recording, read
from sensors.files.replay import play
from sensors.files.series import PackedSeries, Scale, Series
from sensors.labels import LabelMeaning
from sensors.signals import Chunk, Signal


def series(recording: Recording) -> dict[Signal, Chunk]:
    return {chunk.signal: chunk for chunk in recording.series}


def test_an_edf_gives_its_known_signals_in_our_units_and_its_annotations(tmp_path: Path) -> None:
    recording = read(write_edf(tmp_path / "night.edf"))
    found = series(recording)
    assert set(found) == {Signal.EDA, Signal.ECG, Signal.ACC}
    times = np.arange(240) / 4
    assert found[Signal.EDA].values[:, 0] == pytest.approx(3 + 0.1 * np.sin(times / 5), abs=2e-4)
    assert found[Signal.EDA].rate_hz == 4.0
    assert found[Signal.ECG].values[:, 0].max() == pytest.approx(1.0, abs=0.01)
    assert found[Signal.ACC].values[7].tolist() == pytest.approx([0.0, 0.5, -1.0], abs=1e-3)
    assert recording.markers == ((12.5, "start"), (30.0, "stop"))
    assert recording.duration_s == pytest.approx(60.0)
    left = next(channel for channel in recording.channels if channel.label == "EEG Fp1")
    assert not left.taken
    assert left.why == "its name is that of no known signal"
    assert recording.gaps == ()


def test_an_interrupted_edf_has_a_gap_where_it_was_interrupted(tmp_path: Path) -> None:
    path = write_edf(tmp_path / "night.edf")
    data = path.read_bytes().replace(b"EDF+C", b"EDF+D", 1)
    for second in range(59, 9, -1):  # from the tenth second on, everything is 30 s later
        data = data.replace(b"+%d\x14\x14" % second, b"+%d\x14\x14" % (second + 30))
    path.write_bytes(data)
    recording = read(path)
    gaps = {gap.signal: (gap.start_s, gap.end_s) for gap in recording.gaps}
    assert gaps == {signal: pytest.approx((10.0, 40.0)) for signal in series(recording)}
    eda = series(recording)[Signal.EDA]
    known = np.isfinite(eda.values[:, 0])
    assert known.sum() == 240
    assert eda.times_s[known][40] == pytest.approx(40.0)


def test_a_cut_edf_is_read_up_to_its_last_record(tmp_path: Path) -> None:
    path = write_edf(tmp_path / "night.edf")
    path.write_bytes(path.read_bytes()[:-1000])
    recording = read(path)
    assert recording.duration_s < 60.0
    assert "was cut" in recording.warnings[0]


def test_an_xdf_puts_all_streams_on_one_clock(tmp_path: Path) -> None:
    recording = read(write_xdf(tmp_path / "lab.xdf"))
    found = series(recording)
    assert set(found) == {Signal.EDA, Signal.ACC, Signal.RR, Signal.HR}
    assert recording.started == datetime(2020, 9, 13, 12, 26, 40, tzinfo=UTC)
    assert recording.markers == ((pytest.approx(10.0, abs=0.01), "calm"),)
    assert found[Signal.HR].times_s[:3] == pytest.approx([0.01, 1.01, 2.01], abs=0.01)
    assert found[Signal.RR].values[:, 0].tolist() == [1.0] * 60
    assert found[Signal.RR].times_s[-1] == pytest.approx(59.01, abs=0.05)
    eda = found[Signal.EDA]
    assert eda.rate_hz == pytest.approx(8.0, rel=1e-3)
    (gap,) = [gap for gap in recording.gaps if gap.signal is Signal.EDA]
    assert (gap.start_s, gap.end_s) == pytest.approx((20.0, 25.0), abs=0.2)
    assert np.isfinite(eda.values).sum() == 55 * 8
    assert found[Signal.ACC].values[0].tolist() == [0.5, -0.5]
    assert any("head" in warning for warning in recording.warnings)


def test_an_xdf_without_its_library_names_the_line_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_xdf(tmp_path / "lab.xdf")
    monkeypatch.setitem(__import__("sys").modules, "pyxdf", None)
    with pytest.raises(RecordingError) as caught:
        read(path)
    assert "pip install 'biofeedback[xdf]'" in caught.value.hint


def test_a_kubios_report_gives_its_beats_and_the_noise_that_was_cut_out(tmp_path: Path) -> None:
    recording = read(FORMATS["kubios.txt"](tmp_path / "hrv.txt"))
    (rr,) = recording.series
    assert recording.format == "Kubios HRV report"
    assert len(rr) == 118
    assert rr.times_s[0] == pytest.approx(rr.values[0, 0])
    (gap,) = recording.gaps
    assert (gap.start_s, gap.end_s) == pytest.approx(
        (rr.times_s[39], rr.times_s[40] - rr.values[40, 0])
    )


def test_an_elite_hrv_export_is_read_as_the_milliseconds_it_is(tmp_path: Path) -> None:
    path = tmp_path / "2017-06-29 14-36-38.txt"
    path.write_text("586\n607\n603\n592\n594\n")
    (rr,) = read(path).series
    assert rr.values[:, 0].tolist() == pytest.approx([0.586, 0.607, 0.603, 0.592, 0.594])


@pytest.mark.parametrize("name", ["night.edf", "lab.xdf", "kubios.txt"])
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_damage_is_read_past_or_refused(tmp_path: Path, name: str, data: st.DataObject) -> None:
    path = tmp_path / name
    if not path.exists():
        FORMATS[name](path)
    whole = path.read_bytes()
    head = min(len(whole), 3000)
    raw = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(4, head - 1))] = data.draw(st.integers(0, 255))
    bad = tmp_path / f"bad.{name}"
    bad.write_bytes(raw[: data.draw(st.integers(head, len(raw)))])
    try:
        recording = read(bad)
    except RecordingError:
        return
    assert recording.series


def write_two_leads(path: Path) -> Path:
    wave = np.sin(np.arange(64 * 20) / 9)
    leads = [
        EdfSignal(wave * size, 64, label=label, physical_dimension="mV", physical_range=(-3, 3))
        for label, size in (("ECG I", 1.0), ("ECG II", 2.0))
    ]
    Edf(leads, annotations=(EdfAnnotation(5.0, 5.0, "BAD_noise@@ECG I"),)).write(path)
    return path


def test_an_edf_of_two_leads_says_which_is_taken_and_how_to_take_the_other(tmp_path: Path) -> None:
    path = write_two_leads(tmp_path / "leads.edf")
    first = read(path)
    assert np.nanmax(first.series[0].values) == pytest.approx(1.0, abs=1e-3)
    (warning,) = first.warnings
    assert "'ECG I'" in warning
    assert '--columns "ecg=ECG II"' in warning
    assert [(c.label, c.taken) for c in first.channels if c.role == "ecg"] == [
        ("ECG I", True), ("ECG II", False),
    ]  # fmt: skip
    second = read(path, columns={"ecg": "ECG II"})
    assert second.series[0].values.max() == pytest.approx(2.0, abs=1e-3)
    with pytest.raises(RecordingError, match="has no column 'ECG III'"):
        read(path, columns={"ecg": "ECG III"})


def test_a_stretch_that_an_edf_calls_bad_is_blank_in_that_channel_alone(tmp_path: Path) -> None:
    path = write_two_leads(tmp_path / "leads.edf")
    missing = np.isnan(read(path).series[0].values[:, 0])
    assert np.flatnonzero(missing).tolist() == list(range(5 * 64, 10 * 64))
    assert np.isfinite(read(path, columns={"ecg": "ECG II"}).series[0].values).all()


def test_a_packed_series_plays_as_the_chunk_that_it_stands_for(tmp_path: Path) -> None:
    recording = read(write_two_leads(tmp_path / "leads.edf"))
    digital = np.arange(-15_000, 15_000, dtype=np.int16).repeat(9).reshape(-1, 1)
    scale = Scale(0.001, 0.5, LabelMeaning(Signal.ECG, 1e-3))
    packed = PackedSeries(
        Signal.ECG, "x", 0.125, 250.0, digital, (scale,), blank=((0, 70_000, 200_000),)
    )
    whole = Chunk(Signal.ECG, "x", packed.times_s, packed.values, 250.0)

    async def played(one: Series) -> list[Sample]:
        alone = replace(recording, series=(one,))
        return [sample async for sample in play(alone, lambda: np.inf)]

    as_packed, as_chunk = asyncio.run(played(packed)), asyncio.run(played(whole))
    assert as_packed == as_chunk
    assert sum(len(sample) for sample in as_packed if isinstance(sample, Chunk)) == 140_000
