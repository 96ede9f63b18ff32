"""Claims about beats found in an ECG or a pulse wave, against hearts that are known."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from biofeedback.metrics.pulse_train import PulseTrain, Wave
from sensors.files import read
from sensors.signals import Chunk, FloatArray, Signal


def bumps(beats_s: FloatArray, rate_hz: float, end_s: float, width_s: float) -> FloatArray:
    times_s = np.arange(int(end_s * rate_hz)) / rate_hz
    return sum(np.exp(-(((times_s - beat_s) / width_s) ** 2) / 2) for beat_s in beats_s)


def found(
    wave: FloatArray, rate_hz: float, kind: Wave = "ecg", chunk_s: float = 0.25
) -> tuple[FloatArray, FloatArray]:
    """Return the times of the beats, and the times at which they were known."""
    train, size = PulseTrain(kind), max(1, round(chunk_s * rate_hz))
    beats_s, known_s = [], []
    for start in range(0, len(wave), size):
        piece = wave[start : start + size]
        for pulse in train.feed(Chunk.regular(Signal.ECG, "x", start / rate_hz, rate_hz, piece)):
            beats_s.append(pulse.time_s)
            known_s.append((start + len(piece)) / rate_hz)
    return np.array(beats_s), np.array(known_s)


def matched(found_s: FloatArray, truth_s: FloatArray, within_s: float = 0.15) -> int:
    hits = index = 0
    for beat_s in truth_s:
        while index < len(found_s) and found_s[index] < beat_s - within_s:
            index += 1
        if index < len(found_s) and abs(found_s[index] - beat_s) <= within_s:
            hits, index = hits + 1, index + 1
    return hits


BEATS_S = np.cumsum(0.8 + 0.05 * np.sin(np.arange(60)))


@pytest.mark.parametrize("rate_hz", [100.0, 130.0, 250.0, 512.0, 1000.0])
@pytest.mark.parametrize("polarity", [1.0, -1.0])
def test_r_peaks_are_timed_within_a_millisecond_at_any_rate(
    rate_hz: float, polarity: float
) -> None:
    ecg = polarity * bumps(BEATS_S, rate_hz, 50.0, 0.012)
    beats_s, _ = found(ecg, rate_hz)
    assert len(beats_s) == len(BEATS_S)
    assert np.abs(beats_s - BEATS_S).max() < 0.001


@pytest.mark.parametrize("rate_hz", [32.0, 64.0, 135.0])
def test_upstrokes_of_a_pulse_wave_keep_the_intervals(rate_hz: float) -> None:
    beats_s, _ = found(bumps(BEATS_S, rate_hz, 50.0, 0.1), rate_hz, "ppg")
    assert len(beats_s) == len(BEATS_S)
    assert np.abs(np.diff(beats_s) - np.diff(BEATS_S)).max() < 0.003


@pytest.mark.slow
@pytest.mark.parametrize("chunk_s", [0.01, 0.1, 1.0, 50.0])
def test_how_the_wave_is_cut_changes_nothing(chunk_s: float) -> None:
    ecg = bumps(BEATS_S, 200.0, 50.0, 0.012)
    beats_s, _ = found(ecg, 200.0, chunk_s=chunk_s)
    assert beats_s == pytest.approx(found(ecg, 200.0)[0], abs=1e-9)


@pytest.mark.slow
def test_a_beat_is_known_within_150_ms() -> None:
    beats_s, known_s = found(bumps(BEATS_S, 250.0, 50.0, 0.012), 250.0, chunk_s=0.004)
    assert (known_s - beats_s)[beats_s > 2.5].max() <= 0.15


@pytest.mark.parametrize("value", [0.0, 1.0, -3.3, 1e9])
def test_a_constant_has_no_beats(value: float) -> None:
    assert len(found(np.full(2000, value), 130.0)[0]) == 0


def test_a_gap_is_never_taken_for_an_interval() -> None:
    ecg = bumps(BEATS_S, 200.0, 50.0, 0.012)
    train = PulseTrain("ecg")
    before = train.feed(Chunk.regular(Signal.ECG, "x", 0.0, 200.0, ecg[:4000]))
    after = train.feed(Chunk.regular(Signal.ECG, "x", 25.0, 200.0, ecg[5000:]))
    assert before[-1].time_s < 20.0
    assert after[0].time_s > 25.0
    assert train.feed(Chunk.regular(Signal.ECG, "x", 3.0, 200.0, ecg[:4000])) == []


def mitbih(folder: Path) -> tuple[FloatArray, FloatArray]:
    """Return the first lead in mV and the annotated beats in s: wfdb formats 212 and MIT."""
    packed = np.fromfile(folder / "100.dat", np.uint8).reshape(-1, 3).astype(np.int32)
    lead = packed[:, 0] | (packed[:, 1] & 0x0F) << 8
    ecg_mv = (np.where(lead > 2047, lead - 4096, lead) - 1024) / 200.0
    words = np.fromfile(folder / "100.atr", "<u2").tolist()
    beats, sample, index = [], 0, 0
    while words[index]:
        code, value = words[index] >> 10, words[index] & 1023
        index += 1
        if code == 63:  # text
            index += (value + 1) // 2
        elif code == 59:  # a long step
            sample += (words[index] << 16) + words[index + 1]
            index += 2
        elif code < 59:
            sample += value
            if code < 14:  # the codes of beats
                beats.append(sample)
    return ecg_mv, np.array(beats) / 360.0


@pytest.mark.recordings
@pytest.mark.parametrize("rate_hz", [130.0, 360.0])
def test_cardiologists_agree_with_999_of_1000_beats(recordings: Path, rate_hz: float) -> None:
    ecg_mv, truth_s = mitbih(recordings / "mitbih")
    assert len(truth_s) == 2273
    times_s = np.arange(int(len(ecg_mv) / 360.0 * rate_hz)) / rate_hz
    ecg_mv = np.interp(times_s, np.arange(len(ecg_mv)) / 360.0, ecg_mv)
    beats_s, _ = found(ecg_mv, rate_hz, chunk_s=1.0)
    hits = matched(beats_s, truth_s)
    assert hits / len(truth_s) >= 0.999
    assert hits / len(beats_s) >= 0.999


@pytest.mark.recordings
def test_pulse_waves_show_the_beats_of_the_ecg(recordings: Path) -> None:
    import neurokit2
    import pandas as pd

    data = pd.read_csv(recordings / "neurokit" / "bio_resting_5min_100hz.csv")
    _, peaks = neurokit2.ecg_peaks(neurokit2.ecg_clean(data["ECG"], 100), 100)
    heart_s = np.array(peaks["ECG_R_Peaks"]) / 100.0
    pulses_s, _ = found(data["PPG"].to_numpy(), 100.0, "ppg", 1.0)
    transit_s = np.median([pulses_s[np.searchsorted(pulses_s, t)] - t for t in heart_s[:-3]])
    hits = matched(pulses_s - transit_s, heart_s)
    assert hits / len(heart_s) > 0.98
    assert hits / len(pulses_s) > 0.98


@pytest.mark.recordings
def test_a_wristbands_own_beats_are_found_in_its_pulse_wave(recordings: Path) -> None:
    series = {c.signal: c for c in read(recordings / "stress_predict" / "S05").series}
    wave, own = series[Signal.PPG], series[Signal.RR]
    pulses_s, _ = found(wave.values[:, 0], 64.0, "ppg", 1.0)
    pulses_s += wave.times_s[0]
    nearest = np.array([pulses_s[np.abs(pulses_s - t).argmin()] - t for t in own.times_s])
    assert matched(pulses_s - np.median(nearest), own.times_s, 0.1) / len(own) > 0.95
    assert all(later > earlier for earlier, later in pairwise(pulses_s))
