"""How many packets of heart rate and of ECG one core decodes in a second of its time.

    python benchmarks/sensor_codecs.py

The floor is 300,000 heart rate packets and 20,000 ECG frames of 73 samples.
"""

import sys
import time
from collections.abc import Callable

from sensors.codecs.heart_rate import HeartRateMeasurement
from sensors.codecs.polar_frames import PmdFrame

HEART_RATE = bytes.fromhex("10 3c e8 03 f0 03")
ECG = bytes(10) + b"".join(i.to_bytes(3, "little", signed=True) for i in range(-36, 37))
#: ten blocks of ten samples, four channels, differences of six bits
PPG = b"\x01" + bytes(8) + b"\x80" + bytes(12) + (bytes([6, 10]) + bytes(range(30))) * 10

RUNS: dict[str, tuple[Callable[[], object], int]] = {
    "heart rate packets": (lambda: HeartRateMeasurement.decode(HEART_RATE), 300_000),
    "ECG frames": (lambda: PmdFrame.decode(ECG).values(), 50_000),
    "compressed PPG frames": (lambda: PmdFrame.decode(PPG).values(), 10_000),
}


def a_second(decode: Callable[[], object], times: int) -> float:
    """Return how often `decode` runs in a second of processor time, the best of three."""
    best_s = float("inf")
    for _ in range(3):
        began_s = time.process_time()
        for _ in range(times):
            decode()
        best_s = min(best_s, time.process_time() - began_s)
    return times / best_s


if __name__ == "__main__":
    for name, (decode, times) in RUNS.items():
        sys.stdout.write(f"{name:24} {a_second(decode, times):12,.0f} a second\n")
