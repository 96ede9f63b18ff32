"""What a log holds comes out of each format as docs/exports.md says, read by programs of others."""

import json
from collections.abc import Callable
from pathlib import Path

import mido
import numpy as np
import pandas as pd
import pytest
import pyxdf
from rigs.logged import LoggedBody, write_log

from biofeedback.app.registry import EXPORTERS
from sensors.files import Recording, read
from sensors.signals import Signal

pytestmark = pytest.mark.slow  # six libraries, two of them heavy

DOCS = Path(__file__).parents[2] / "docs" / "exports.md"
RECORDED = "2026-04-24T14:10:17.633"
OUT = {
    "csv": "tables", "parquet": "pq", "bids": "dataset", "edf": "session.edf",
    "xdf": "session.xdf", "rr": "beats.txt", "midi": "music.mid",
}  # fmt: skip
BODY = LoggedBody()
NO_READER = "comes with the extra `test`; pyedflib has no wheel for Python 3.13 on some systems"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with one log in every format."""
    folder = tmp_path_factory.mktemp("exports")
    session = write_log(folder / "session", BODY, recorded=RECORDED)
    for to, name in OUT.items():
        EXPORTERS.load(to).export(session, folder / name, force=False, progress=lambda share: None)
    return folder


Found = dict[str, object]


def in_tables(read_table: Callable[[str], pd.DataFrame]) -> Found:
    """Return what the tables of CSV and Parquet hold."""
    eda, ecg, acc, rr, hr = (read_table(name) for name in ("eda", "ecg", "acc", "rr", "hr"))
    events, about = read_table("events"), read_table("session").set_index("field")["value"]
    gap = events[(events.kind == "gap") & (events.detail == "hr")].iloc[0]
    rating = events[events.kind == "rating"].iloc[0]
    return {
        "samples": [eda.eda_usiemens, ecg.ecg_mv, acc.acc_z_g],
        "times": [eda.time_s, ecg.time_s, acc.time_s],
        "beats": [rr.time_s, rr.rr_s],
        "single": [hr.time_s, hr.hr_bpm],
        "gap": [gap.time_s, gap.end_s - gap.time_s],
        "why": gap.what,
        "recorded": about["recorded"],
        "said": [rating.time_s, f"{rating.what} {rating.detail}"],
        "arousal": [read_table("state").arousal],
        "metrics": [read_table("readings").scl_usiemens],
        "notes": [read_table("notes").time_s, read_table("notes").pitch_midi],
        "clock": [eda.device_time_s],
        "sensor": eda.source.iloc[0],
    }


def in_bids(folder: Path) -> Found:
    def recording(label: str) -> pd.DataFrame:
        path = next(folder.glob(f"**/*_recording-{label}.tsv.gz"))
        return pd.read_csv(path, sep="\t", names=sidecar(label)["Columns"])

    def sidecar(label: str) -> dict:
        return json.loads(next(folder.glob(f"**/*_recording-{label}.json")).read_text())

    events = pd.read_csv(next(folder.glob("**/*_events.tsv")), sep="\t")
    gap = events[(events.trial_type == "gap") & (events.detail == "hr")].iloc[0]
    rating = events[events.trial_type == "rating"].iloc[0]
    scans = pd.read_csv(next(folder.glob("**/*_scans.tsv")), sep="\t")
    eda, ecg, acc = (recording(f"{name}_physio").dropna() for name in ("eda", "ecg", "acc"))
    body = recording("*_physioevents")
    rr, hr = body[body.trial_type == "beat"], body[body.trial_type == "hr"]
    return {
        "samples": [eda.eda, ecg.ecg, acc.acc_z],
        "times": [eda.timestamp, ecg.timestamp, acc.timestamp],
        "beats": [rr.onset, rr.value],
        "single": [hr.onset, hr.value],
        "gap": [gap.onset, gap.duration],
        "why": gap.what,
        "recorded": scans.acq_time[0],
        "said": [rating.onset, f"{rating.what} {rating.detail}"],
        "arousal": [recording("arousal_physio").arousal.dropna()],
        "sensor": sidecar("eda_physio")["DeviceSource"],
    }


def in_edf(path: Path) -> Found:
    mne, pyedflib = (
        pytest.importorskip("mne", reason=NO_READER),
        pytest.importorskip("pyedflib", reason=NO_READER),
    )
    raw = mne.io.read_raw_edf(path, include=["EDA"], verbose="error")
    with pyedflib.EdfReader(str(path)) as file:
        labels, rates = file.getSignalLabels(), file.getSampleFrequencies()
        notes = list(zip(*file.readAnnotations(), strict=True))
        began = file.getStartdatetime()
        sensor = file.getTransducer(0)

        def known(label: str) -> tuple[np.ndarray, np.ndarray]:
            place = labels.index(label)
            times_s = np.arange(file.getNSamples()[place]) / rates[place]
            keep = np.ones(len(times_s), bool)
            for onset_s, lasts_s, text in notes:
                if text == f"BAD_gap@@{label}":
                    keep &= (times_s < onset_s - 1e-6) | (times_s > onset_s + lasts_s - 1e-6)
            return times_s[keep], file.readSignal(place)[keep]

        (eda_s, eda), (ecg_s, ecg), (acc_s, acc) = map(known, ("EDA", "ECG", "ACC_Z"))
    single = {
        kind: [(onset_s, float(text.split()[1])) for onset_s, _, text in notes if kind in text[:3]]
        for kind in ("RR ", "HR ")
    }
    gap = next(note for note in notes if note[2].endswith("gap link hr"))
    rating = next(note for note in notes if note[2].startswith("rating"))
    assert (began.replace(microsecond=0)) == raw.info["meas_date"].replace(tzinfo=None)
    return {
        "samples": [eda, ecg, acc],
        "times": [eda_s, ecg_s, acc_s],
        "beats": list(np.array(single["RR "]).T),
        "single": list(np.array(single["HR "]).T),
        "gap": gap[:2],
        "why": gap[2].split()[1],
        "recorded": f"{raw.info['meas_date']:%Y-%m-%dT%H:%M:%S}{fraction(path)}",
        "said": [rating[0] + 1e-9, rating[2].removeprefix("rating ")],
        "sensor": sensor,
    }


def fraction(path: Path) -> str:
    """Return the fraction of the second in which an EDF+ file begins, which its readers drop."""
    data = path.read_bytes()
    return data[int(data[184:192]) :].split(b"\x14\x14\0")[0].rpartition(b"+0")[2].decode()


def in_xdf(path: Path) -> Found:
    streams, header = pyxdf.load_xdf(path)
    found = {stream["info"]["name"][0]: stream for stream in streams}

    def known(name: str) -> tuple[np.ndarray, np.ndarray]:
        rows = found[name]["time_series"]
        keep = np.isfinite(rows).all(axis=1)
        return found[name]["time_stamps"][keep], rows[keep, -1]

    (eda_s, eda), (ecg_s, ecg), (acc_s, acc) = map(known, ("eda", "ecg", "acc"))
    events = list(zip(found["events"]["time_stamps"], found["events"]["time_series"], strict=True))
    gap = next((t, row) for t, row in events if row[0].endswith("gap link hr"))
    rating = next((t, row) for t, row in events if row[0].startswith("rating"))
    return {
        "samples": [eda, ecg, acc],
        "times": [eda_s, ecg_s, acc_s],
        "beats": list(known("rr")),
        "single": list(known("hr")),
        "gap": [gap[0], float(gap[1][1])],
        "why": gap[1][0].split()[1],
        "recorded": header["info"]["datetime"][0],
        "said": [rating[0], rating[1][0].removeprefix("rating ")],
        "arousal": [found["state"]["time_series"][:, 0]],
        "sensor": found["eda"]["info"]["source_id"][0],
    }


def in_rr(path: Path) -> Found:
    table = pd.read_csv(path, sep="\t").dropna()
    return {"beats": [table.time_s, table.rr_ms / 1000]}


def in_midi(path: Path) -> Found:
    time_s, found = 0.0, []
    for message in mido.MidiFile(path):
        time_s += message.time
        if message.type == "note_on" and message.velocity:
            found.append((time_s, message.note))
    return {"notes": list(np.array(found).T)}


def read_back(recordings: list[Recording]) -> Found:
    """Return what our own readers find again."""
    series = {chunk.signal: chunk for one in recordings for chunk in one.series}
    found = []
    for signal in Signal:
        known = np.isfinite(series[signal].values).all(axis=1) if signal in series else []
        if signal in series:
            found += [series[signal].times_s[known], series[signal].values[known].ravel()]
    return {"back": found}


def truth(only: set[Signal]) -> Found:
    gap = BODY.gaps[Signal.HR]
    signals = (Signal.EDA, Signal.ECG, Signal.ACC)
    return {
        "samples": [BODY.values[signal][:, -1] for signal in signals],
        "times": [BODY.times_s[signal] for signal in signals],
        "beats": [BODY.times_s[Signal.RR], BODY.values[Signal.RR][:, 0]],
        "single": [BODY.times_s[Signal.HR], BODY.values[Signal.HR][:, 0]],
        "gap": [gap.start_s, gap.end_s - gap.start_s],
        "why": "link",
        "recorded": RECORDED,
        "said": [30.0, "arousal 6"],
        "arousal": [0.25 + np.arange(100) / 1000],
        "metrics": [3.0 + np.arange(100) / 1000],
        "notes": [[1.0, 1.70123], [60, 64]],
        "clock": [BODY.times_s[Signal.EDA] + 1000.0],
        "sensor": "worn",
        "back": [
            part
            for signal in Signal
            if signal in only
            for part in (BODY.times_s[signal], BODY.values[signal].ravel())
        ],
    }


#: The rows of the table, in order.
ROWS = (
    "samples", "times", "beats", "single", "gap", "why", "recorded", "said", "arousal", "metrics",
    "notes", "clock", "sensor", "back",
)  # fmt: skip


def word(right: object, found: object) -> str:
    """Return how well something is kept, as the table says it."""
    if found is None:
        return "no"
    if isinstance(right, str):
        return "exact" if found == right else f"wrong: {found}"
    pairs = list(zip(right, found, strict=True))
    if any(isinstance(one, str) for one, _ in pairs):
        texts = [a == b for a, b in pairs if isinstance(a, str)]
        numbers = [a == b for a, b in pairs if not isinstance(a, str)]
        return "wrong" if not all(texts) else "exact" if all(numbers) else "rounded"
    if any(np.shape(a) != np.shape(b) for a, b in pairs):
        return f"wrong: {[(np.shape(a), np.shape(b)) for a, b in pairs]}"
    off = max(float(np.abs(np.asarray(a) - np.asarray(b)).max()) for a, b in pairs)
    return "exact" if off < 1e-9 else "rounded" if off < 5e-3 else f"wrong by {off}"


def test_each_format_keeps_what_the_table_says(folder: Path) -> None:
    found = {
        "csv": in_tables(lambda name: pd.read_csv(folder / "tables" / f"{name}.csv")),
        "parquet": in_tables(lambda name: pd.read_parquet(folder / "pq" / f"{name}.parquet")),
        "bids": in_bids(folder / "dataset"),
        "edf": in_edf(folder / "session.edf"),
        "xdf": in_xdf(folder / "session.xdf"),
        "rr": in_rr(folder / "beats.txt"),
        "midi": in_midi(folder / "music.mid"),
    }
    signals = [folder / "tables" / f"{signal}.csv" for signal in Signal]
    found["csv"] |= read_back([read(path) for path in signals])
    for to in ("edf", "xdf", "rr"):
        found[to] |= read_back([read(folder / OUT[to])])
    only = {to: set(Signal) for to in found} | {"rr": {Signal.RR}}
    measured = [[word(truth(only[to])[row], found[to].get(row)) for to in OUT] for row in ROWS]
    lines = DOCS.read_text(encoding="utf-8").split("## A gap")[0].splitlines()
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line[:1] == "|"]
    assert cells[0][1:] == list(OUT)
    assert {row[0]: row[1:] for row in cells[2:]} == {
        row[0]: words for row, words in zip(cells[2:], measured, strict=True)
    }


def test_a_marker_that_looks_like_the_name_of_a_channel_is_a_marker(tmp_path: Path) -> None:
    """MNE would take it for a note about that channel alone, and cut the name off its text."""
    mne = pytest.importorskip("mne", reason=NO_READER)
    session = write_log(tmp_path / "session", BODY, marker="felt it@@EDA")
    EXPORTERS.load("edf").export(
        session, tmp_path / "a.edf", force=False, progress=lambda share: None
    )
    raw = mne.io.read_raw_edf(tmp_path / "a.edf", include=["EDA"], verbose="error")
    (found,) = [note for note in raw.annotations if note["description"].startswith("marker")]
    assert found["description"] == "marker felt it@ @EDA"
    assert found["ch_names"] == ()


def test_the_lines_that_the_page_gives_read_the_gap_as_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mne", reason=NO_READER)
    pytest.importorskip("pyedflib", reason=NO_READER)
    monkeypatch.chdir(folder)
    programs = DOCS.read_text(encoding="utf-8").split("```python\n")[1:]
    right = BODY.values[Signal.EDA][:, 0]
    for program in programs:
        found: dict[str, np.ndarray] = {}
        exec(program.split("```")[0], found)
        skin = np.asarray(found["skin"])
        known = np.isfinite(skin)
        assert skin[known][: len(right)] == pytest.approx(right, abs=1e-4), program
        times_s = np.asarray(found.get("times", np.arange(len(skin)) / 4))[known]
        assert times_s[: len(right)] == pytest.approx(BODY.times_s[Signal.EDA], abs=1e-9), program
    assert len(programs) == 4
