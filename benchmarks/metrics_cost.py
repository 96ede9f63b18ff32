"""Sums up the CPU time of the metrics over a recording of an hour, read twice a second.

BIOFEEDBACK_RECORDINGS=FOLDER python benchmarks/metrics_cost.py [NAME]
"""

from __future__ import annotations

import sys
import time

from recorded import recordings_folder, seconds

from biofeedback.metrics import bank, windowed
from biofeedback.state import estimator
from sensors.files import read


def main() -> None:
    """Print CPU seconds for each stage, and how often real time that is."""
    name = sys.argv[1] if len(sys.argv) > 1 else "S05"
    recording = read(recordings_folder() / "stress_predict" / name)
    arrivals = seconds(recording)
    metrics, tracker = (
        bank.MetricBank(bank.MetricSettings()),
        estimator.Estimator(estimator.EstimatorSettings(), None),
    )
    updating = reading = estimating = windowing = 0.0
    windows = reads = 0
    for second, arrived in enumerate(arrivals):
        start = time.process_time()
        for sample in arrived:
            metrics.feed(sample)
        updating += time.process_time() - start
        for now_s in (float(second), second + 0.5):
            start = time.process_time()
            readings = metrics.read(now_s)
            middle = time.process_time()
            tracker.step(readings, now_s)
            end = time.process_time()
            reading, estimating, reads = (
                reading + middle - start,
                estimating + end - middle,
                reads + 1,
            )
        start = time.process_time()
        if (window := metrics.window(float(second))) is not None:
            metrics.feed(windowed.compute(window))
            windows += 1
        windowing += time.process_time() - start
    samples = sum(
        len(sample) for arrived in arrivals for sample in arrived if hasattr(sample, "rate_hz")
    )
    print(
        f"{name}: {recording.duration_s:.0f} s, {samples} samples, {reads} reads, {windows} windows"
    )
    print(f"  update      {updating:6.3f} s")
    print(f"  read        {reading:6.3f} s")
    print(f"  estimate    {estimating:6.3f} s")
    print(f"  windows     {windowing:6.3f} s, import of neurokit2 included")
    streaming = updating + reading
    print(f"  streaming metrics run at {recording.duration_s / streaming:.0f} times real time")


if __name__ == "__main__":
    main()
