"""One table of how exact, early, cheap and honest the metrics are, with neurokit2 in the same run.

    BIOFEEDBACK_RECORDINGS=FOLDER python benchmarks/physiology.py [--quick]

Each row has what was measured, what it should be, and what neurokit2 or another tool does on the
same data. `--quick` takes fewer seeds, people and hours. systole (PyPI, GPL, not installed with
us) is compared with where it can be imported. The arousal figures follow as a table of their own.
"""

from __future__ import annotations

import argparse
import csv
import math
import time
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from random import Random

import arousal_auc
import numpy as np
from recorded import recordings_folder, seconds

from biofeedback.metrics.bank import MetricBank, Settings
from biofeedback.metrics.beat_window import BeatWindow
from biofeedback.metrics.beats import Beat, BeatCleaner
from biofeedback.metrics.eda_samples import EdaCoverage, EdaGate
from biofeedback.metrics.pulse_train import PulseTrain, Wave
from biofeedback.metrics.scr import Scr, ScrRate
from biofeedback.metrics.windowed import powers_ms2
from sensors.body import Body, BodySettings
from sensors.files import read
from sensors.signals import Chunk, FloatArray, Signal

_LAB = ("bio_eventrelated_100hz", "bio_resting_8min_100hz")
#: neurokit2's filter cannot judge the first seconds of a recording.
_EDGE_S = 5.0


def row(item: str, found: str, goal: str, other: str = "") -> None:
    """Print one line of the table."""
    print(f"{item:52}{found:>24}  {goal:18}{other}", flush=True)


def microseconds(run: Callable[[], object], count: int, repeats: int = 3) -> float:
    """Return the shortest time for one of `count` items."""
    best = math.inf
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return 1e6 * best / count


def judged(rr_ms: FloatArray) -> list[Beat]:
    """Return the beats with verdicts."""
    cleaner = BeatCleaner()
    times_s = (np.cumsum(rr_ms) / 1000.0).tolist()
    pairs = zip(times_s, rr_ms.tolist(), strict=True)
    return [beat for t, rr in pairs for beat in cleaner.push(t, rr)] + cleaner.cut()


def stream_rmssd(beats: list[Beat]) -> float:
    """Return RMSSD over all normal beats."""
    window = BeatWindow(1e9)
    for beat in beats:
        window.add(beat)
    return window.rmssd_ms() or math.nan


def rmssd(rr_ms: FloatArray) -> float:
    """Return RMSSD of intervals as they are."""
    return float(np.sqrt(np.mean(np.diff(rr_ms) ** 2)))


def rr_recordings() -> Iterator[tuple[str, FloatArray]]:
    """Yield name and RR intervals in ms of recordings with little noise."""
    folder = recordings_folder()
    for name in ("rest_rri.txt", "exercise_rri.hrm", "14121501.hrm"):
        series = read(folder / "polar_rr" / name).series
        values = next(chunk for chunk in series if chunk.signal is Signal.RR).values[:, 0]
        yield name, np.round(1000.0 * values[np.isfinite(values)][:6000], 6)
    _, nn_s = reference_beats()
    yield "nsr001", 1000.0 * nn_s[:1000]


def reference_beats() -> tuple[FloatArray, FloatArray]:
    """Return times and intervals in s of the PhysioNet toolbox's example."""
    path = recordings_folder() / "hrv_reference" / "nsr001_rr_fs125.csv"
    with path.open() as file:
        rows = [line for line in csv.DictReader(file) if line["beat"] == "N"]
    times_s = np.array([float(line["t_end_s"]) for line in rows])
    return times_s, np.array([float(line["rr_ms"]) for line in rows]) / 1000.0


def hrv_time(quick: bool) -> None:
    """Time-domain HRV against neurokit2, over long runs, and its cost."""
    import neurokit2

    worst = 0.0
    for _, rr_ms in rr_recordings():
        nn_ms = np.array([beat.rr_ms for beat in judged(rr_ms) if beat.is_nn])
        for start in range(0, len(nn_ms) - 75, 150 if quick else 50):
            part = nn_ms[start : start + 75]
            window = BeatWindow(1e9)
            for number, (t, rr) in enumerate(
                zip((np.cumsum(part) / 1000.0).tolist(), part.tolist(), strict=True)
            ):
                window.add(Beat(t, rr, "normal", number > 0))
            theirs = neurokit2.hrv_time({"RRI": part, "RRI_Time": np.cumsum(part) / 1000.0})
            for mine, name in (
                (window.mean_ms(), "HRV_MeanNN"),
                (window.sdnn_ms(), "HRV_SDNN"),
                (window.rmssd_ms(), "HRV_RMSSD"),
                (window.pnn50_percent(), "HRV_pNN50"),
            ):
                value = float(theirs[name].iloc[0])
                if mine and value:
                    worst = max(worst, abs(mine - value) / abs(value))
    row("time-domain HRV, largest relative difference", f"{worst:.1e}", "<= 1e-9", "to neurokit2")
    count = 100_000 if quick else 1_000_000
    rng, window, t = np.random.default_rng(1), BeatWindow(60.0), 0.0
    rr_all = (1000.0 * rng.integers(700, 900, count) / 1024).tolist()
    for rr in rr_all:
        t += rr / 1000.0
        window.add(Beat(t, rr, "normal", True))
    back_s = t - np.concatenate(([0.0], np.cumsum(rr_all[::-1]) / 1000.0))[:200]
    tail = np.array(rr_all[::-1][:200])[back_s[:200] > t - 60.0][::-1]
    last = abs((window.rmssd_ms() or 0.0) / rmssd(tail) - 1.0)
    row(f"RMSSD after {count:.0e} beats, relative difference", f"{last:.1e}", "<= 1e-9")
    nn_ms = np.array(rr_all[:75])
    bank = MetricBank(Settings())
    chunk = Chunk.events(
        Signal.RR, "x", np.cumsum(rr_all[:5000]) / 1000.0, np.array(rr_all[:5000]) / 1000.0
    )

    def stream() -> None:
        nonlocal bank
        bank = MetricBank(Settings())
        bank.update(chunk)

    cost_us = microseconds(stream, 5000)
    theirs_us = microseconds(
        lambda: neurokit2.hrv_time({"RRI": nn_ms, "RRI_Time": np.cumsum(nn_ms) / 1000.0}), 1
    )
    row(
        "all beats feed, us a beat", f"{cost_us:.1f}", "<= 10",
        f"nk.hrv_time on 60 s {theirs_us:.0f} us: {theirs_us / cost_us:.0f}x",
    )  # fmt: skip


def matlab_windows() -> None:
    """Compare the windows that the PhysioNet toolbox computed."""
    path = recordings_folder() / "hrv_reference" / "matlab_windows.csv"
    times_s, nn_s = reference_beats()
    worst, ratios = 0.0, []
    with path.open() as file:
        table = list(csv.DictReader(file))
    for line in table:
        inside = (times_s >= float(line["t_start"])) & (times_s < float(line["t_end"]))
        nn_ms = np.round(1000.0 * nn_s[inside], 6)
        window = BeatWindow(1e9)
        for number, (t, rr) in enumerate(
            zip(times_s[inside].tolist(), nn_ms.tolist(), strict=True)
        ):
            window.add(Beat(t, rr, "normal", number > 0))
        for value, name in (
            (window.mean_ms(), "NNmean"), (window.sdnn_ms(), "SDNN"), (window.rmssd_ms(), "RMSSD"),
        ):  # fmt: skip
            worst = max(worst, abs((value or 0.0) / float(line[name]) - 1.0))
        if bands := powers_ms2(times_s[inside], nn_ms):
            theirs = float(line["lf"]) / float(line["hf"])
            ratios.append(abs(bands.lf_ms2 / bands.hf_ms2 / theirs - 1.0))
    row("MATLAB windows: NNmean, SDNN, RMSSD, worst", f"{100 * worst:.4f} %", "<= 0.01 %")
    row(f"LF/HF of {len(ratios)} windows, median", f"{100 * np.median(ratios):.2f} %", "<= 2 %")


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


def artefacts(quick: bool) -> None:
    """RMSSD with injected artefacts, against neurokit2's and systole's corrections."""
    import neurokit2

    try:
        from systole.correction import correct_rr
    except ImportError:
        correct_rr = None
    for name, raw in rr_recordings():
        beats = judged(raw)
        rejected = sum(not beat.is_nn for beat in beats) / len(beats)
        true_ms = rmssd(raw)
        bias = stream_rmssd(beats) / true_ms - 1.0
        row(
            f"{name}: rejected as recorded; RMSSD less all beats'",
            f"{100 * rejected:.2f} %; {100 * bias:+.1f} %", "<= 0.5 %; 1 %",
        )  # fmt: skip
        nn_ms = np.array([beat.rr_ms for beat in beats if beat.is_nn])[:1000]
        true_ms = rmssd(nn_ms)
        for share, goal in ((0.01, 2), (0.05, 5), (0.10, 12)):
            errors: dict[str, list[float]] = {"ours": [], "neurokit2": [], "systole": []}
            for seed in range(3 if quick else 20):
                bad_ms = spoilt(nn_ms, share, seed)
                errors["ours"].append(stream_rmssd(judged(bad_ms)) / true_ms - 1.0)
                peaks = np.concatenate(([0], np.cumsum(bad_ms))).astype(int)
                _, fixed = neurokit2.signal_fixpeaks(
                    peaks, sampling_rate=1000, iterative=True, method="Kubios"
                )
                errors["neurokit2"].append(rmssd(np.diff(fixed).astype(float)) / true_ms - 1.0)
                if correct_rr is not None:
                    clean, _ = correct_rr(bad_ms, verbose=False)
                    errors["systole"].append(rmssd(np.asarray(clean)) / true_ms - 1.0)
            medians = {
                key: f"{100 * np.median(np.abs(values)):.1f} %"
                for key, values in errors.items()
                if values
            }
            others = ", ".join(f"{key} {value}" for key, value in medians.items() if key != "ours")
            row(
                f"{name}: RMSSD error at {100 * share:.0f} % artefacts",
                medians["ours"],
                f"<= {goal} %",
                others,
            )


def responses(values_us: FloatArray, rate_hz: float) -> list[Scr]:
    """Return the skin responses of a signal."""
    scr = ScrRate(60.0, EdaCoverage(60.0))
    return scr.add(EdaGate().pass_on(Chunk.regular(Signal.EDA, "x", 0.0, rate_hz, values_us)))


def neurokit_responses(values_us: FloatArray, rate_hz: float) -> tuple[FloatArray, ...]:
    """Return onset and peak times, and the rise of the phasic part and of the level, in uS."""
    import neurokit2

    clean = neurokit2.eda_clean(values_us, sampling_rate=rate_hz)
    phasic = neurokit2.eda_phasic(clean, sampling_rate=rate_hz)["EDA_Phasic"].to_numpy()
    _, info = neurokit2.eda_peaks(phasic, sampling_rate=rate_hz, amplitude_min=0)
    known = np.isfinite(info["SCR_Onsets"])
    onsets = info["SCR_Onsets"][known].astype(int)
    peaks = info["SCR_Peaks"][known].astype(int)
    level = values_us[peaks] - values_us[onsets]
    return onsets / rate_hz, peaks / rate_hz, info["SCR_Amplitude"][known], level


def paired(mine: list[float], theirs: list[float], within_s: float) -> list[tuple[int, int]]:
    """Return the pairs of neighbours in two lists of times, each used once."""
    pairs, used = [], set()
    for number, time_s in enumerate(theirs):
        near = [
            (abs(other - time_s), index)
            for index, other in enumerate(mine)
            if abs(other - time_s) <= within_s and index not in used
        ]
        if near:
            used.add(min(near)[1])
            pairs.append((min(near)[1], number))
    return pairs


def skin(quick: bool) -> None:
    """Skin responses against neurokit2, flat signals, alarms, cost."""
    import neurokit2
    import pandas as pd

    folder = recordings_folder()
    sets: dict[str, list[tuple[FloatArray, float]]] = {"lab": [], "E4": []}
    for name in _LAB:
        frame = pd.read_csv(folder / "neurokit" / f"{name}.csv")
        sets["lab"].append((frame["EDA"].to_numpy(), 100.0))
    for path in sorted((folder / "stress_predict").glob("S*"))[: 3 if quick else None]:
        chunk = next(c for c in read(path).series if c.signal is Signal.EDA)
        sets["E4"].append((chunk.values[:, 0], 4.0))
    delays = []
    for label, goal in (("lab", 0.90), ("E4", 0.85)):
        for rising in (True, False):
            hits = mine = theirs = 0
            for values_us, rate_hz in sets[label]:
                found = [s for s in responses(values_us, rate_hz) if s.peak_s > _EDGE_S]
                onset_s, peak_s, phasic_us, level_us = neurokit_responses(values_us, rate_hz)
                kept = (phasic_us >= 0.05) & (peak_s > _EDGE_S)
                kept &= (level_us >= 0.05) | (not rising)
                pairs = paired([s.peak_s for s in found], peak_s[kept].tolist(), 1.5)
                hits, mine, theirs = hits + len(pairs), mine + len(found), theirs + sum(kept)
                if rising:
                    delays += [found[a].alarm_s - onset_s[kept][b] for a, b in pairs]
            row(
                f"SCR F1 {label}, neurokit2's" + (" that rise 0.05 uS" if rising else ", all"),
                f"{2 * hits / (mine + theirs):.3f} ({mine}, {theirs})",
                f">= {goal:.2f}",
            )
    late = np.percentile(delays, [50, 90])
    row("SCR alarm after onset, median and p90", f"{late[0]:.2f}, {late[1]:.2f} s", "<= 0.5, 1.0 s")
    hours = 0.1 if quick else 1.0
    false = sum(
        len(responses(2.0 + n * np.random.default_rng(3).normal(size=int(3600 * hours * r)), r))
        for r in (4.0, 15.0, 32.0, 100.0)
        for n in (0.0, 0.001)
    )
    row(f"SCRs in {hours:g} h, flat and 1 nS noise, four rates", str(false), "0")
    values_us = sets["E4"][0][0][:4800]
    chunks = [
        Chunk.regular(Signal.EDA, "x", s, 4.0, values_us[4 * s : 4 * s + 4]) for s in range(1200)
    ]

    def stream() -> None:
        bank = MetricBank(Settings())
        for chunk in chunks:
            bank.update(chunk)

    cost_us = microseconds(stream, 4800)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        signal = sets["lab"][0][0][:6000:25]
        theirs_us = microseconds(lambda: neurokit2.eda_process(signal, sampling_rate=4), 1)
    row(
        "EDA, us a sample at 4 Hz", f"{cost_us:.2f}", "<= 3",
        f"nk.eda_process on 60 s {theirs_us:.0f} us: {theirs_us / cost_us:.0f}x",
    )  # fmt: skip


def pulses(
    values: FloatArray, rate_hz: float, wave: Wave, chunk_s: float
) -> tuple[FloatArray, ...]:
    """Return the times of beats, and when they were known."""
    train, size = PulseTrain(wave), max(1, round(chunk_s * rate_hz))
    found = []
    for start in range(0, len(values), size):
        piece = values[start : start + size]
        for pulse in train.add(Chunk.regular(Signal.ECG, "x", start / rate_hz, rate_hz, piece)):
            found.append((pulse.time_s, (start + len(piece)) / rate_hz))
    return tuple(np.array(found).reshape(-1, 2).T)


def matched(found_s: FloatArray, truth_s: FloatArray, within_s: float) -> int:
    """Return how many true beats were found, both in order of time."""
    hits = index = 0
    for beat_s in truth_s:
        while index < len(found_s) and found_s[index] < beat_s - within_s:
            index += 1
        if index < len(found_s) and abs(found_s[index] - beat_s) <= within_s:
            hits, index = hits + 1, index + 1
    return hits


def mitbih() -> tuple[FloatArray, FloatArray]:
    """Return the first lead of record 100 in mV and the annotated beats in s."""
    folder = recordings_folder() / "mitbih"
    packed = np.fromfile(folder / "100.dat", np.uint8).reshape(-1, 3).astype(np.int32)
    lead = packed[:, 0] | (packed[:, 1] & 0x0F) << 8
    words = np.fromfile(folder / "100.atr", "<u2").tolist()
    beats, sample, index = [], 0, 0
    while words[index]:
        code, value = words[index] >> 10, words[index] & 1023
        index += 1
        if code == 63:
            index += (value + 1) // 2
        elif code == 59:
            sample += (words[index] << 16) + words[index + 1]
            index += 2
        elif code < 59:
            sample += value
            if code < 14:
                beats.append(sample)
    return (np.where(lead > 2047, lead - 4096, lead) - 1024) / 200.0, np.array(beats) / 360.0


def beats(quick: bool) -> None:
    """Score R peaks, pulse waves and breathing."""
    import neurokit2 as nk
    import pandas as pd

    ecg_mv, truth_s = mitbih()
    found_s, _ = pulses(ecg_mv, 360.0, "ecg", 1.0)
    _, info = nk.ecg_peaks(nk.ecg_clean(ecg_mv, 360), 360)
    theirs_s = np.array(info["ECG_R_Peaks"]) / 360.0
    hits, their_hits = matched(found_s, truth_s, 0.15), matched(theirs_s, truth_s, 0.15)
    row(
        "R peaks, MIT-BIH 100: Se, PPV",
        f"{hits / len(truth_s):.4f}, {hits / len(found_s):.4f}",
        ">= 0.999",
        f"neurokit2 {their_hits / len(truth_s):.4f}, {their_hits / len(theirs_s):.4f}",
    )
    at_s, known_s = pulses(ecg_mv[: 360 * 120], 360.0, "ecg", 1 / 360)
    delays = (known_s - at_s)[at_s > 2.5]
    row("R peak known after, median and largest",
        f"{np.median(delays):.3f}, {delays.max():.3f} s", "<= 0.15 s")  # fmt: skip
    folder = recordings_folder()
    for name in ("bio_resting_5min_100hz", "bio_resting_8min_100hz"):
        frame = pd.read_csv(folder / "neurokit" / f"{name}.csv")
        ecg = frame["ECG"].to_numpy()
        _, info = nk.ecg_peaks(nk.ecg_clean(ecg, 100), 100)
        heart_s = np.array(info["ECG_R_Peaks"]) / 100.0
        if "PPG" in frame:
            at_s, _ = pulses(frame["PPG"].to_numpy(), 100.0, "ppg", 1.0)
            transit_s = np.median([at_s[np.searchsorted(at_s, t)] - t for t in heart_s[:-3]])
            hits = matched(at_s - transit_s, heart_s, 0.15)
            row("pulse waves, NeuroKit against its ECG: F1",
                f"{2 * hits / (len(at_s) + len(heart_s)):.3f}", "reported")  # fmt: skip
        belt = nk.rsp_process(frame["RSP"], 100)[0]["RSP_Rate"].to_numpy()
        own_s, _ = pulses(ecg, 100.0, "ecg", 1.0)
        origins = (("ECG", own_s), ("RR", own_s), ("neurokit2's RR", heart_s))
        for label, beats_s in origins:
            intervals = Chunk.events(Signal.RR, "x", beats_s[1:], np.diff(beats_s))
            bank, errors = MetricBank(Settings()), []
            for second in range(1, len(ecg) // 100 + 1):
                piece = slice(100 * (second - 1), 100 * second)
                if label == "ECG":
                    bank.update(Chunk.regular(Signal.ECG, "x", second - 1.0, 100.0, ecg[piece]))
                else:
                    inside = (intervals.times_s >= second - 1) & (intervals.times_s < second)
                    bank.update(
                        Chunk.events(
                            Signal.RR, "x", intervals.times_s[inside], intervals.values[inside]
                        )
                    )
                rates = {reading.name: reading.value for reading in bank.read(float(second))}
                mine = rates["breathing_rate"]
                if second >= 64 and mine is not None:
                    errors.append(abs(mine - belt[100 * (second - 64) : 100 * second].mean()))
            row(f"breathing from {label}, {name[:16]}: MAE a minute",
                f"{np.mean(errors):.2f} (n {len(errors)})", "<= 1")  # fmt: skip
    scores = []
    for path in sorted((folder / "stress_predict").glob("S*"))[: 3 if quick else None]:
        series = {chunk.signal: chunk for chunk in read(path).series}
        wave, own = series[Signal.PPG], series[Signal.RR]
        at_s, _ = pulses(wave.values[:, 0], 64.0, "ppg", 1.0)
        at_s = at_s + wave.times_s[0]
        index = np.searchsorted(at_s, own.times_s).clip(1, len(at_s) - 1)
        off_s = np.stack((at_s[index] - own.times_s, at_s[index - 1] - own.times_s))
        off_s = off_s[np.abs(off_s).argmin(axis=0), np.arange(len(index))]
        at_s -= np.median(off_s)
        spans = np.stack((own.times_s - own.values[:, 0], own.times_s))
        inside = [((spans[0] + 0.1 < t) & (t <= spans[1] + 0.1)).any() for t in at_s]
        hits = matched(at_s, own.times_s, 0.1)
        scores.append(2 * hits / (len(own) + max(sum(inside), hits)))
    row(f"pulse waves, {len(scores)} E4 against its IBI: F1, mean and least",
        f"{np.mean(scores):.3f}, {min(scores):.3f}", "reported")  # fmt: skip


def whole(quick: bool) -> None:
    """Measure the cost of everything, and memory over a day."""
    ecg_mv, _ = mitbih()
    recording = read(recordings_folder() / "stress_predict" / "S05")
    arrivals = seconds(recording)[:1200]
    straps = [
        Chunk.regular(Signal.ECG, "strap", s, 130.0, ecg_mv[130 * s : 130 * s + 130])
        for s in range(1200)
    ]
    bank = MetricBank(Settings())
    start = time.process_time()
    for second, arrived in enumerate(arrivals):
        bank.update(straps[second])
        for sample in arrived:
            bank.update(sample)
        bank.read(float(second))
        bank.read(second + 0.5)
    share = (time.process_time() - start) / len(arrivals)
    row("strap with ECG, wristband, read twice a second", f"{100 * share:.3f} % of a core",
        "<= 0.2 %")  # fmt: skip
    body, bank, rng = Body(BodySettings(seed=1), "body"), MetricBank(Settings()), Random(1)
    hours = 3 if quick else 24
    tracemalloc.start()
    first = 0
    for second in range(1, hours * 3600 + 1):
        for chunk in body.advance(float(second)):
            bank.update(chunk)
        if rng.random() < 0.2:
            bank.read(float(second))
        if second == 3600:
            first = tracemalloc.get_traced_memory()[0]
    grown = (tracemalloc.get_traced_memory()[0] - first) / 1e6
    tracemalloc.stop()
    row(f"memory grown in {hours} h after the first", f"{grown:.2f} MB", "<= 2 MB")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer seeds, people and hours")
    quick = parser.parse_args().quick
    warnings.simplefilter("ignore")
    row("what", "measured", "goal", "others")
    hrv_time(quick)
    matlab_windows()
    artefacts(quick)
    skin(quick)
    beats(quick)
    whole(quick)
    print()
    arousal_auc.report(quick)


if __name__ == "__main__":
    main()
