"""The session as a whole in the numbers that programs for heart rate variability print."""

from __future__ import annotations

import numpy as np

from biofeedback.metrics.summary import eda_summary, hrv_summary, neighbours
from biofeedback.report.session_data import SessionData
from biofeedback.report.words import rounded

__all__ = ["whole"]


def whole(story: SessionData) -> list[tuple[str, str, str]]:
    """Return name, value and unit of each number; none without enough beats or skin."""
    return [*_heart(story), *_skin(story)]


def _heart(story: SessionData) -> list[tuple[str, str, str]]:
    beats = neighbours(story.beat_times_s, story.rr_ms, story.beat_used.tolist())
    found = hrv_summary(beats)
    if found is None:
        return []
    rows: list[tuple[str, float | None, str]] = [
        ("Mean interval between beats (NN)", found.mean_nn_ms, "ms"),
        ("Heart rate", found.heart_rate_bpm, "per minute"),
        ("Lowest heart rate, over five beats", found.lowest_bpm, "per minute"),
        ("Highest heart rate, over five beats", found.highest_bpm, "per minute"),
        ("Spread of beat intervals (SDNN)", found.sdnn_ms, "ms"),
        ("Heart rate variability (RMSSD)", found.rmssd_ms, "ms"),
        ("Steps above 50 ms (pNN50)", found.pnn50_percent, "%"),
        ("Beat-to-beat spread (SD1)", found.sd1_ms, "ms"),
        ("Long-term spread (SD2)", found.sd2_ms, "ms"),
        ("Stress index (Baevsky, square root)", found.stress_index, ""),
    ]
    if (waves := found.spectrum) is not None:
        mean = f"mean of {waves.windows} x 300 s" if waves.windows > 1 else "one window"
        rows += [
            ("Power below 0.04 Hz (VLF)", waves.vlf_ms2, "ms²"),
            ("Power from 0.04 to 0.15 Hz (LF)", waves.lf_ms2, f"ms², {mean}"),
            ("Power from 0.15 to 0.4 Hz (HF)", waves.hf_ms2, f"ms², {mean}"),
            ("LF / HF", waves.lf_hf, ""),
        ]
    if (shape := found.nonlinear) is not None:
        run = f"over {shape.beats} unbroken beats"
        rows += [
            ("Short-term scaling (DFA alpha 1)", shape.dfa_alpha1, run),
            ("Irregularity (sample entropy)", shape.sample_entropy, run),
            ("SD1 / SD2", shape.sd1_sd2, run),
        ]
    return [(name, rounded(value), unit) for name, value, unit in rows if value is not None]


def _skin(story: SessionData) -> list[tuple[str, str, str]]:
    series = story.metrics.get("scl")
    if series is None or not len(series.times_s):
        return []
    step_s = float(np.median(np.diff(series.times_s))) if len(series.times_s) > 1 else 1.0
    found = eda_summary(series.values, step_s, story.response_us.tolist())
    if found is None:
        return []
    rows: list[tuple[str, float | None, str]] = [
        ("Skin conductance, median", found.median_us, "µS"),
        ("Skin conductance, lowest", found.lowest_us, "µS"),
        ("Skin conductance, highest", found.highest_us, "µS"),
        ("Skin responses", found.responses_per_minute, "per minute"),
        ("Mean size of a skin response", found.mean_amplitude_us, "µS"),
    ]
    return [(name, rounded(value), unit) for name, value, unit in rows if value is not None]
