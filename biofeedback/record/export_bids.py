"""Sessions as a dataset in the Brain Imaging Data Structure, the order that laboratories share.

After BIDS 1.10 (bids-specification.readthedocs.io): datatype `beh`, a `recording` for each
regular stream, `physioevents` for beats and other events of the body, `events` for what was marked
and what failed. Times are session seconds.
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from biofeedback.common.errors import FolderError
from biofeedback.record.bids_people import participant, visit
from biofeedback.record.export_label import OWN, ExportLabel
from biofeedback.record.lines import HeaderLine
from biofeedback.record.reader import read_header
from biofeedback.record.streams import LoggedStream, SampleGrid, StreamCollector
from biofeedback.record.tables import Cell, LogTable, gather
from biofeedback.record.targets import new_folder

__all__ = ["ENDING", "export"]

ENDING = None  #: sessions go into one dataset

_TASK = "biofeedback"
_DESCRIPTION = "dataset_description.json"
_WORDS = {
    "ecg": "Electrocardiogram", "ppg": "Pulse wave, photoplethysmogram",
    "eda": "Skin conductance", "acc": "Acceleration", "temp": "Skin temperature",
    "resp": "Breathing", "hr": "Heart rate as the device reports it", "rr": "Time between beats",
    "arousal": "Estimated autonomic arousal, 0 to 1, where 0.3 is rest",
    "low": "Lower bound of its 90 % interval", "high": "Upper bound of its 90 % interval",
    "confidence": "Confidence in the estimate, 0 to 1",
}  # fmt: skip
_UNITS = {"uS": "uS", "a.u.": "arbitrary", "degC": "oC", "bpm": "1/min", "": "1"}
_STATE = ("arousal", "low", "high", "confidence")
_TICK_HZ = 2.0


def export(
    session: Path,
    out: Path,
    *,
    force: bool,
    progress: Callable[[float], None],
    label: ExportLabel = OWN,
) -> list[Path]:
    """Add a session to the dataset in the folder `out`; return the paths of its own files.

    A folder that is empty or new becomes a dataset; one that this wrote before takes one more
    session. A profile is a participant, a group another; a session of nobody is one of its own.

    Parameters
    ----------
    session
        A session's folder, or the log in it.
    out
        The folder of the dataset: empty, new, or written by this before.
    force
        Whether a session that is there already is written anew.
    progress
        Told the share that is done, 0 to 1.
    label
        Whose it is, and which, in place of the session's own names.

    Returns
    -------
    list[Path]
        Each in the folder of the participant.

    Raises
    ------
    LogError
        The log cannot be read.
    FolderError
        `out` holds something else, or this session already; or it cannot be written.
    """
    header = read_header(session)
    ours = _is_ours(out)
    with new_folder(out, force=force or ours):
        streams = StreamCollector()
        tables = gather(session, streams.take, lambda share: progress(0.9 * share), label)
        person = participant(out, header, label)
        folder, known = visit(out / person, header, label)
        if known and not force:
            raise FolderError(
                f"the dataset {out} has {person}/{folder.name} already",
                hint="Replace it with --force.",
            )
        stem = f"{person}_{folder.name}_task-{_TASK}"
        folder /= "beh"
        folder.mkdir(parents=True, exist_ok=True)
        _describe(out)
        files = _Files(folder / stem, header)
        _fill(files, streams.all(), tables)
    progress(1.0)
    return files.paths


def _fill(files: _Files, streams: Sequence[LoggedStream], tables: Mapping[str, LogTable]) -> None:
    labels = []
    for stream in streams:
        if stream.rate_hz is not None:
            labels.append(stream.name)
            files.recording(stream.name, stream.columns, stream.unit, stream.grid(), stream.source)
    if tables["state"].rows:
        labels.append("arousal")
        files.recording("arousal", _STATE, "", _states(tables["state"]), "biofeedback")
    if labels:
        heart = [label for label in labels if label.startswith(("ecg", "ppg", "arousal"))]
        files.body_events((heart or labels)[0], _body_events(streams, tables))
    files.events(tables["events"])
    files.scans()


class _Files:
    """The files of one session; each has the same beginning of its name."""

    def __init__(self, stem: Path, header: HeaderLine) -> None:
        self._stem = stem
        self._header = header
        self._begin_s: dict[str, float] = {}
        self.paths: list[Path] = []

    def recording(
        self, label: str, columns: Sequence[str], unit: str, grid: SampleGrid, source: str
    ) -> None:
        """Write a regular stream; NaN is n/a."""
        first_s = float(grid.times_s[0])
        sidecar: dict[str, object] = {
            "TaskName": _TASK, "SamplingFrequency": grid.rate_hz, "StartTime": first_s,
            "Columns": ["timestamp", *columns], "PhysioType": "generic", "Manufacturer": "n/a",
            "DeviceSource": source, "Simulated": self._header.simulated,
            "timestamp": {"Description": "Session time", "Units": "s"},
            **{name: _column(name.partition("_")[0], unit) for name in columns},
        }  # fmt: skip
        name = f"_recording-{label}_physio"
        rows = (
            [_cell(time_s), *(_cell(value) for value in values)]
            for time_s, values in zip(grid.times_s.tolist(), grid.values.tolist(), strict=True)
        )
        self._table(f"{name}.tsv.gz", rows)
        self._begin_s[f"{name}.tsv.gz"] = first_s
        self._json(f"{name}.json", sidecar)

    def body_events(self, label: str, rows: Iterable[Sequence[Cell]]) -> None:
        """Write beats, skin responses and samples without a rate beside the recording `label`."""
        sidecar = {
            "TaskName": _TASK,
            "Columns": ["onset", "duration", "trial_type", "value"],
            "OnsetSource": "timestamp",
            "onset": {"Description": "Session time; for a beat, when it ended", "Units": "s"},
            "duration": {"Description": "How long it lasted", "Units": "s"},
            "trial_type": {"Description": "beat, skin_response, or the signal of a sample"},
            "value": {"Description": "RR interval in s, size in uS, or the sample in its unit"},
        }
        name = f"_recording-{label}_physioevents"
        self._table(f"{name}.tsv.gz", ([_cell(value) for value in row] for row in rows))
        self._json(f"{name}.json", sidecar)

    def events(self, events: LogTable) -> None:
        """Write markers, commands, gaps and what the sensors said."""
        rows: list[list[str]] = [["onset", "duration", "trial_type", "source", "what", "detail"]]
        for row in events.rows:
            onset_s, end_s = float(row["time_s"] or 0.0), row["end_s"]
            duration_s = 0.0 if end_s is None else float(end_s) - onset_s
            words = [_cell(row[name] or None) for name in ("kind", "source", "what", "detail")]
            rows.append([_cell(onset_s), _cell(duration_s), *words])
        self._table("_events.tsv", rows)
        self._json(
            "_events.json",
            {
                "onset": {"Description": "Session time", "Units": "s"},
                "duration": {"Description": "How long it lasted", "Units": "s"},
                "trial_type": {
                    "Description": "marker, rating, note, adverse, command, gap, status, key, end "
                    "and more"
                },
                "source": {"Description": "Who said it: a sensor, a key, a page"},
                "what": {"Description": "Its text, reason or state; of a rating, the scale"},
                "detail": {
                    "Description": "More about it; of a rating, the number: relaxation "
                    "and distress 0 to 10, arousal and valence 1 to 9"
                },
                "TaskName": _TASK,
                "SessionStarted": _moment(self._header.began),
                "Performed": self._header.started_utc,
                "Simulated": self._header.simulated,
                "Seed": self._header.seed,
                "SoftwareVersions": ", ".join(
                    f"{name} {number}" for name, number in self._header.versions.items()
                ),
            },
        )

    def scans(self) -> None:
        """Write when each recording began, in the table that BIDS has for it."""
        began = self._header.began
        rows = [["filename", "acq_time"]]
        for ending, first_s in self._begin_s.items():
            first = None if began is None else began + timedelta(seconds=first_s)
            rows.append([f"beh/{self._stem.name}{ending}", _moment(first)])
        path = self._stem.parents[1] / f"{self._stem.name.partition('_task-')[0]}_scans.tsv"
        path.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
        self.paths.append(path)

    def _table(self, ending: str, rows: Iterable[Iterable[str]]) -> None:
        text = "".join("\t".join(row) + "\n" for row in rows).encode()
        packed = io.BytesIO()
        with gzip.GzipFile("", "wb", fileobj=packed, mtime=0) as file:
            file.write(text)
        self._write(ending, packed.getvalue() if ending.endswith(".gz") else text)

    def _json(self, ending: str, value: Mapping[str, object]) -> None:
        self._write(ending, f"{json.dumps(value, indent=2)}\n".encode())

    def _write(self, ending: str, data: bytes) -> None:
        path = self._stem.with_name(self._stem.name + ending)
        path.write_bytes(data)
        self.paths.append(path)


def _states(table: LogTable) -> SampleGrid:
    """Return the estimates on the grid of ticks; one that was skipped is NaN."""
    import numpy as np

    times_s = np.array([float(row["time_s"] or 0.0) for row in table.rows])
    values = np.array([[float(row[name] or 0.0) for name in _STATE] for row in table.rows])
    stream = LoggedStream(
        "arousal", "arousal", "", "", _TICK_HZ, np.rint(times_s * _TICK_HZ) / _TICK_HZ, values,
        times_s,
    )  # fmt: skip
    return stream.grid()


def _body_events(
    streams: Sequence[LoggedStream], tables: Mapping[str, LogTable]
) -> list[tuple[float, float, str, Cell]]:
    rows: list[tuple[float, float, str, Cell]] = []
    for stream in streams:
        if stream.rate_hz is None:
            kind = _beat(stream.source) if stream.signal == "rr" else stream.name
            for time_s, value in zip(stream.times_s.tolist(), stream.values[:, 0], strict=True):
                rows.append((time_s, 0.0, kind, float(value)))
    if not any(stream.signal == "rr" for stream in streams):
        for row in tables["beats"].rows:
            rows.append(
                (
                    float(row["time_s"] or 0.0),
                    0.0,
                    _beat(f"{row.get('wearer', '')}/"),
                    float(row["rr_ms"] or 0.0) / 1000,
                )
            )
    for row in tables["skin_responses"].rows:
        onset_s, peak_s = float(row["onset_s"] or 0.0), float(row["peak_s"] or 0.0)
        rows.append((onset_s, peak_s - onset_s, "skin_response", row["amplitude_usiemens"]))
    return sorted(rows, key=lambda row: row[0])


def _beat(source: str) -> str:
    """Return what a beat is called: in a group, whose it is as well."""
    wearer, mark, _ = source.partition("/")
    return f"beat {wearer}" if mark and wearer else "beat"


def _is_ours(out: Path) -> bool:
    try:
        described = json.loads((out / _DESCRIPTION).read_bytes())
        return bool(described["GeneratedBy"][0]["Name"] == "biofeedback")
    except (OSError, ValueError, LookupError, TypeError):
        return False


def _describe(out: Path) -> None:
    described = {
        "Name": "Biofeedback sessions", "BIDSVersion": "1.10.0", "DatasetType": "raw",
        "License": "n/a", "Authors": ["n/a"],
        "GeneratedBy": [{"Name": "biofeedback", "Description": "Adaptive music biofeedback"}],
    }  # fmt: skip
    files = {
        _DESCRIPTION: f"{json.dumps(described, indent=2)}\n",
        "README.md": (
            "Sessions of adaptive music biofeedback: what was measured, and the arousal that was\n"
            "estimated from it. Session times are seconds from the start of the session.\n"
        ),
        "participants.json": json.dumps(
            {"profile": {"Description": "Pseudonym under which the sessions were recorded, "
                        "n/a where there is none or a label stands in its place"}},
            indent=2,
        ) + "\n",
    }  # fmt: skip
    for name, text in files.items():
        if not (out / name).exists():
            (out / name).write_text(text, encoding="utf-8")


def _moment(time: datetime | None) -> str:
    """Return a time as BIDS writes it: a Z where it is UTC, nothing where it is somebody's own."""
    if time is None:
        return "n/a"
    zone = "" if time.tzinfo is None else "Z"
    return time.replace(tzinfo=None).isoformat(timespec="milliseconds") + zone


def _column(signal: str, unit: str) -> dict[str, str]:
    return {"Description": _WORDS.get(signal, signal), "Units": _UNITS.get(unit, unit)}


def _cell(value: Cell) -> str:
    if value is None or value != value:
        return "n/a"
    return " ".join(value.split()) or "n/a" if isinstance(value, str) else repr(value)
