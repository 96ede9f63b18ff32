"""What the metrics cost, in CPU time beside neurokit2's in the same run, and memory over a day."""

from __future__ import annotations

import time
import tracemalloc

import numpy as np
from recorded import recordings_folder, seconds

from biofeedback.metrics.bank import MetricBank, MetricSettings
from biofeedback.metrics.beat_trail import BeatTrail
from biofeedback.metrics.beat_window import BeatWindow
from biofeedback.state import estimator
from body.data import judged, mitbih, neurokit_column
from body.table import Table, cpu_us
from sensors.files import read
from sensors.signals import Chunk, FloatArray, Signal
from sensors.simulated.body import BodySettings, SimulatedBody

__all__ = ["memory", "run"]


def run(table: Table, quick: bool) -> None:
    """Add the rows of CPU time."""
    import neurokit2

    _beats(table, neurokit2.hrv_time, quick)
    _skin(table, neurokit2.eda_process, quick)
    _everything(table)


def _beats(table: Table, hrv_time: object, quick: bool) -> None:
    assert callable(hrv_time)
    count, rng = 2000 if quick else 5000, np.random.default_rng(1)
    rr_ms = 1000.0 * rng.integers(700, 900, count) / 1024
    times_s = np.cumsum(rr_ms) / 1000.0
    chunks = [
        Chunk.events(Signal.RR, "x", times_s[n : n + 1], rr_ms[n : n + 1] / 1000.0)
        for n in range(count)
    ]
    minute = {"RRI": rr_ms[:75], "RRI_Time": times_s[:75]}

    def bank() -> None:
        fed = MetricBank(MetricSettings())
        for chunk in chunks:
            fed.feed(chunk)

    beats = judged(times_s, rr_ms)

    def windows() -> None:
        trail = BeatTrail()
        window = BeatWindow(60.0, trail)
        for beat in beats:
            trail.feed(beat)
            window.step(beat.time_s)
            window.mean_ms(), window.sdnn_ms(), window.rmssd_ms(), window.pnn50_percent()

    def theirs() -> None:
        for _ in range(10):
            hrv_time(minute)

    bank_us, window_us, theirs_us = cpu_us((bank, count), (windows, count), (theirs, 10))
    table.row(
        "a beat through the whole bank, a chunk each", f"{bank_us:.1f} us", "<= 10 us",
        bank_us <= 10.0,
    )  # fmt: skip
    ratio = theirs_us / bank_us
    table.row(
        "  nk.hrv_time on 60 s costs", f"{ratio:.0f}x", ">= 300x", ratio >= 300.0,
        f"{theirs_us:.0f} us",
    )  # fmt: skip
    table.row(
        "  one 60 s window of clean beats, read at each", f"{window_us:.1f} us", "", None,
        f"{theirs_us / window_us:.0f}x",
    )  # fmt: skip


def _skin(table: Table, eda_process: object, quick: bool) -> None:
    assert callable(eda_process)
    band = read(recordings_folder() / "stress_predict" / "S05")
    values_us = next(c for c in band.series if c.signal is Signal.EDA).values[:4800, 0]
    chunks = [
        Chunk.regular(Signal.EDA, "x", s, 4.0, values_us[4 * s : 4 * s + 4]) for s in range(1200)
    ]
    minute_us = neurokit_column("bio_eventrelated_100hz", "EDA")[:6000:25]

    def bank() -> None:
        fed = MetricBank(MetricSettings())
        for chunk in chunks:
            fed.feed(chunk)

    mine_us, theirs_us = cpu_us(
        (bank, len(values_us)), (lambda: eda_process(minute_us, sampling_rate=4), 1)
    )
    table.row("a sample of EDA at 4 Hz", f"{mine_us:.2f} us", "<= 3 us", mine_us <= 3.0)
    ratio = theirs_us / mine_us
    table.row(
        "  nk.eda_process on 60 s costs", f"{ratio:.0f}x", ">= 500x", ratio >= 500.0,
        f"{theirs_us:.0f} us",
    )  # fmt: skip


def _straps(ecg_mv: FloatArray, count: int) -> list[Chunk]:
    return [
        Chunk.regular(Signal.ECG, "strap", s, 130.0, ecg_mv[130 * s : 130 * s + 130])
        for s in range(count)
    ]


def _everything(table: Table) -> None:
    """Cost of a strap with ECG and a wristband with all it has, read and fused twice a second."""
    arrivals = seconds(read(recordings_folder() / "stress_predict" / "S05"))[:1200]
    straps = _straps(mitbih()[0], len(arrivals))
    bank, tracker = (
        MetricBank(MetricSettings()),
        estimator.Estimator(estimator.EstimatorSettings(), None),
    )
    start = time.process_time()
    for second, arrived in enumerate(arrivals):
        bank.feed(straps[second])
        for sample in arrived:
            bank.feed(sample)
        for now_s in (float(second), second + 0.5):
            tracker.step(bank.read(now_s), now_s)
    share = (time.process_time() - start) / len(arrivals)
    table.row(
        "strap with ECG, wristband, estimate, twice a second", f"{100 * share:.3f} % of a core",
        "<= 0.2 %", share <= 0.002,
    )  # fmt: skip


def memory(table: Table, quick: bool) -> None:
    """Add the row of a simulated day of beats, ECG and skin, with windows for the worker."""
    hours = 3 if quick else 24
    body, ecg_mv = SimulatedBody(BodySettings(seed=1, artefact_share=0.02), "body"), mitbih()[0]
    straps = _straps(ecg_mv, 1800)
    bank, tracker = (
        MetricBank(MetricSettings()),
        estimator.Estimator(estimator.EstimatorSettings(), None),
    )
    tracemalloc.start()
    first = 0
    for second in range(1, hours * 3600 + 1):
        for chunk in body.step(float(second)):
            bank.feed(chunk)
        if second % 10 == 0:  # every tenth second of ECG: a waveform with gaps
            wave = straps[second % len(straps)].values[:, 0]
            bank.feed(Chunk.regular(Signal.ECG, "strap", float(second), 130.0, wave))
        bank.window(float(second))
        if second % 4 == 0:
            tracker.step(bank.read(float(second)), float(second))
        if second == 3600:
            first = tracemalloc.get_traced_memory()[0]
    grown = (tracemalloc.get_traced_memory()[0] - first) / 1e6
    tracemalloc.stop()
    table.row(
        f"memory grown in {hours} h after the first", f"{grown:+.2f} MB", "<= 2 MB", grown <= 2.0
    )
