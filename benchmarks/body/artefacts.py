"""RMSSD with injected artefacts, and on beats that are known to be clean."""

from __future__ import annotations

import warnings
from itertools import pairwise

import numpy as np

from body.data import (
    judged,
    mitbih,
    neurokit_column,
    polar,
    reference_beats,
    rmssd,
    rr_recordings,
    stream_rmssd,
)
from body.table import Table
from sensors.signals import FloatArray

__all__ = ["clean", "run"]

_ASKED = ((0.01, 2), (0.05, 5), (0.10, 12))


def spoilt(rr_ms: FloatArray, share: float, seed: int) -> FloatArray:
    """Return intervals with a share of beats missed, doubled or out of rhythm."""
    rng = np.random.default_rng(seed)
    result: list[float] = []
    index = 0
    while index < len(rr_ms) - 1:
        here, following = float(rr_ms[index]), float(rr_ms[index + 1])
        kind = rng.random() / share
        if kind < 1 / 3:
            result.append(here + following)
            index += 2
        elif kind < 2 / 3:
            cut = here * rng.uniform(0.2, 0.8)
            result += [cut, here - cut]
            index += 1
        elif kind < 1.0:
            early = here * rng.uniform(0.25, 0.4)
            result += [here - early, following + early]
            index += 2
        else:
            result.append(here)
            index += 1
    return np.array(result)


def run(table: Table, quick: bool) -> None:
    """Add the rows of injected artefacts, beside neurokit2's and systole's corrections."""
    import neurokit2

    try:
        from systole.correction import correct_rr
    except ImportError:
        correct_rr = None
        table.row("systole (GPL, from the index) is not installed: not compared", "")
    everybody: dict[str, list[float]] = {"ours": [], "neurokit2": [], "systole": []}
    for name, raw_ms in rr_recordings():
        beats = judged(np.cumsum(raw_ms) / 1000.0, raw_ms)
        nn_ms = np.array([beat.rr_ms for beat in beats if beat.is_nn])[:1000]
        true_ms = rmssd(nn_ms)
        for share, asked in _ASKED:
            errors: dict[str, list[float]] = {key: [] for key in everybody}
            for seed in range(3 if quick else 20):
                bad_ms = spoilt(nn_ms, share, seed)
                ours = stream_rmssd(judged(np.cumsum(bad_ms) / 1000.0, bad_ms))
                errors["ours"].append(ours / true_ms - 1.0)
                peaks = np.concatenate(([0], np.cumsum(bad_ms))).astype(int)
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    _, fixed = neurokit2.signal_fixpeaks(
                        peaks, sampling_rate=1000, iterative=True, method="Kubios"
                    )
                errors["neurokit2"].append(rmssd(np.diff(fixed).astype(float)) / true_ms - 1.0)
                if correct_rr is not None:
                    fixed_ms, _ = correct_rr(bad_ms, verbose=False)
                    errors["systole"].append(rmssd(np.asarray(fixed_ms)) / true_ms - 1.0)
            medians = {
                key: 100.0 * float(np.median(np.abs(values)))
                for key, values in errors.items()
                if values
            }
            for key, median in medians.items():
                everybody[key].append(median)
            others = ", ".join(f"{key} {m:.1f} %" for key, m in medians.items() if key != "ours")
            table.row(
                f"{name}: RMSSD error, {100 * share:.0f} % artefacts", f"{medians['ours']:.1f} %",
                f"<= {asked} %", medians["ours"] <= asked, others,
            )  # fmt: skip
    ours = float(np.median(everybody["ours"]))
    for key, values in everybody.items():
        if key != "ours" and values:
            theirs = float(np.median(values))
            table.row(
                f"RMSSD error, median of all, against {key}", f"{ours:.1f} %", f"< {theirs:.1f} %",
                ours < theirs,
            )  # fmt: skip


def clean(table: Table, quick: bool) -> None:
    """Add the rows of beats that somebody else calls clean.

    MIT-BIH and nsr001: beats whose annotators call them and the beat before normal. All others:
    minutes in which neurokit2's detector of artefacts (Lipponen and Tarvainen) marks nothing.
    """
    _, at_s, normal = mitbih()
    _clean_row(
        table, "MIT-BIH 100, annotated normal", at_s[1:], 1000.0 * np.diff(at_s),
        normal[1:] & normal[:-1],
    )  # fmt: skip
    _clean_row(table, "nsr001, annotated normal", *reference_beats())
    for name in ("rest_rri.txt", "exercise_rri.hrm", "14121501.hrm"):
        rr_ms = polar(name)
        _clean_row(table, f"{name}, unmarked minutes", *_unmarked(rr_ms))
    for name in ("bio_eventrelated_100hz", "bio_resting_8min_100hz"):
        _clean_row(table, f"{name[:16]} ECG, unmarked minutes", *_unmarked(_ecg_rr_ms(name)))
    rr_ms = polar("noisy_rri.hrm")
    _clean_row(table, "noisy_rri.hrm, unmarked minutes", *_unmarked(rr_ms), asked=False)


def _ecg_rr_ms(name: str) -> FloatArray:
    import neurokit2 as nk

    ecg = neurokit_column(name, "ECG")
    _, info = nk.ecg_peaks(nk.ecg_clean(ecg, 100), 100)
    return np.diff(np.array(info["ECG_R_Peaks"])) * 10.0


def _unmarked(rr_ms: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return times, intervals, and which lie in minutes without a mark."""
    import neurokit2

    times_s = np.cumsum(rr_ms) / 1000.0
    peaks = np.concatenate(([0], np.cumsum(rr_ms))).astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        marks, _ = neurokit2.signal_fixpeaks(
            peaks, sampling_rate=1000, iterative=False, method="Kubios"
        )
    minutes = (times_s // 60.0).astype(int)
    marked = {
        int(minutes[place])
        for kind in ("ectopic", "missed", "extra", "longshort")
        for peak in marks[kind]
        for place in (int(peak) - 1, int(peak))
        if 0 <= place < len(rr_ms)
    }
    return times_s, rr_ms, np.array([minute not in marked for minute in minutes])


def _clean_row(
    table: Table,
    name: str,
    times_s: FloatArray,
    rr_ms: FloatArray,
    fine: FloatArray,
    asked: bool = True,
) -> None:
    """Feed the clean beats alone, with gaps for the others; compare each minute's RMSSD."""
    fine = np.asarray(fine, dtype=bool)
    fed_s, fed_ms = times_s[fine], rr_ms[fine]
    found = {round(beat.time_s, 6): beat for beat in judged(fed_s, fed_ms)}
    rejected, biases = 0, []
    steps: dict[int, list[tuple[float, bool]]] = {}
    beats = [found.get(round(t, 6)) for t in fed_s.tolist()]
    rejected = sum(beat is None or not beat.is_nn for beat in beats)
    for before, here in pairwise(range(len(fed_s))):
        if abs(fed_s[here] - fed_s[before] - fed_ms[here] / 1000.0) > 0.02:
            continue
        beat = beats[here]
        used = beat is not None and beat.is_nn and beat.joined
        step = float(fed_ms[here] - fed_ms[before])
        steps.setdefault(int(fed_s[here] // 60.0), []).append((step, used))
    for minute in steps.values():
        kept = [step for step, used in minute if used]
        if len(minute) >= 20 and kept:
            whole = np.mean(np.square([step for step, _ in minute]))
            biases.append(float(np.sqrt(np.mean(np.square(kept)) / whole)) - 1.0)
    share, bias = rejected / len(fed_s), float(np.mean(biases))
    met = share <= 0.005 and abs(bias) <= 0.01
    table.row(
        f"{name}: rejected; RMSSD bias",
        f"{100 * share:.2f} %; {100 * bias:+.2f} %",
        "<= 0.5 %; 1 %" if asked else "",
        met if asked else None,
        f"{len(fed_s)} beats, {len(biases)} minutes",
    )
