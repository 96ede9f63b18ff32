"""A session as a folder of CSV files: one for each stream of samples, one for each kind of result.

Times are session seconds; `session.csv` names the UTC time of second 0. Numbers are written so
that reading them gives the same double.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from biofeedback.errors import FolderError
from biofeedback.record import lines
from biofeedback.record.reader import log_size, read, read_header
from biofeedback.record.score import score_of

if TYPE_CHECKING:
    from _csv import Writer

__all__ = ["column", "export"]

Cell = str | float | int | None
_UNIT_SUFFIXES = {
    "": "", "%": "_percent", "1/min": "_per_min", "a.u.": "_au", "bpm": "_bpm", "degC": "_degc",
    "g": "_g", "ln ms": "_ln_ms", "mV": "_mv", "ms": "_ms", "ms^2": "_ms2", "s": "_s",
    "uS": "_usiemens",
}  # fmt: skip


def column(name: str, unit: str) -> str:
    """Return a metric's column: its name with its unit, unless the name says it already."""
    suffix = _UNIT_SUFFIXES.get(unit, "_" + "".join(c if c.isalnum() else "_" for c in unit))
    return name if suffix == "_ln_ms" or name.endswith(suffix) else f"{name}{suffix}"


def export(
    session: Path, out: Path, *, force: bool, progress: Callable[[float], None]
) -> list[Path]:
    """Write the CSV files of a session (folder or log) into the folder `out`; return their paths.

    A stream that the session lacks gives no file. `force` allows a folder that holds something
    already: files of the same name are replaced, others stay.

    Raises
    ------
    LogError
        The log is missing or cannot be read.
    FolderError
        `out` holds something and `force` is not set, or it cannot be written.
    """
    header = read_header(session)
    try:
        if out.exists() and not out.is_dir():
            raise FolderError(f"{out} is a file", hint="Give the name of a folder.")
        if out.is_dir() and any(out.iterdir()) and not force:
            raise FolderError(
                f"the folder {out} is not empty",
                hint="Choose a new one, or write into it with --force.",
            )
        out.mkdir(parents=True, exist_ok=True)
        return _export(session, header, out, progress)
    except OSError as error:
        raise FolderError(
            f"the export to {out} cannot be written: {error.strerror}",
            hint="Choose a folder of yours, and check that the disk has room.",
        ) from error


def _export(
    session: Path, header: lines.HeaderLine, out: Path, progress: Callable[[float], None]
) -> list[Path]:
    size, done = log_size(session), 0
    tables = {name: _Table() for name in ("readings", "state", "decisions", "beats", "events")}
    tables["skin_responses"] = _Table()
    with ExitStack() as stack:
        streams = _Streams(out, stack)
        for number, (raw, line) in enumerate(read(session)):
            if isinstance(line, lines.ChunkLine):
                streams.add(line)
            else:
                _tabulate(tables, line)
            done += len(raw) + 1
            if number % 2000 == 0:
                progress(0.9 * done / size)
    tables["session"] = _session(header)
    tables["notes"] = notes = _Table()
    score = score_of(session)
    for note in score.notes:
        start_s = score.tempo_map.time_at(note.beat)
        notes.add(
            id=note.id, time_s=start_s,
            duration_s=score.tempo_map.time_at(note.beat + note.beats) - start_s,
            beat=note.beat, length_beats=note.beats, pitch_midi=note.pitch,
            velocity=note.velocity, layer=note.layer.value,
        )  # fmt: skip
    for beat, key in score.keys:
        tables["events"].add(
            time_s=score.tempo_map.time_at(beat), end_s=None, kind="key", source="", what=str(key),
            detail="",
        )  # fmt: skip
    tables["events"].sort("time_s")
    paths = [*streams.paths]
    for name, table in tables.items():
        if table.rows:
            paths.append(out / f"{name}.csv")
            table.write(paths[-1])
    progress(1.0)
    return paths


@dataclass(slots=True)
class _Table:
    """Rows whose columns may come to be known late; they stand in order of first appearance."""

    rows: list[Mapping[str, Cell]] = field(default_factory=list)
    columns: dict[str, None] = field(default_factory=dict)

    def add(self, **row: Cell) -> None:
        self.rows.append(row)
        self.columns.update(dict.fromkeys(row))

    def sort(self, column: str) -> None:
        self.rows.sort(key=lambda row: float(row[column] or 0.0))

    def write(self, path: Path) -> None:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(self.columns), restval="")
            writer.writeheader()
            writer.writerows(self.rows)


class _Streams:
    """Sample files, opened as their first chunk comes: rr.csv, then rr_2.csv for a second sensor.

    Chunks of one signal and source share a file as long as they have equally many channels.
    """

    def __init__(self, out: Path, stack: ExitStack) -> None:
        self._out = out
        self._stack = stack
        self._writers: dict[tuple[str, str, int], Writer] = {}
        self._count: dict[str, int] = {}
        self.paths: list[Path] = []

    def add(self, chunk: lines.ChunkLine) -> None:
        if not chunk.values:
            return
        first = chunk.values[0]
        channels = len(first) if isinstance(first, list) else 1
        key = (chunk.signal, chunk.source, channels)
        if key not in self._writers:
            self._writers[key] = self._open(chunk, channels)
        devices: Sequence[float | None] = chunk.device_times or [None] * len(chunk.values)
        self._writers[key].writerows(
            [time_s, *(value if isinstance(value, list) else [value]), device_s, chunk.source]
            for time_s, value, device_s in zip(_times_s(chunk), chunk.values, devices, strict=True)
        )

    def _open(self, chunk: lines.ChunkLine, channels: int) -> Writer:
        number = self._count[chunk.signal] = self._count.get(chunk.signal, 0) + 1
        path = self._out / f"{chunk.signal}{'' if number == 1 else f'_{number}'}.csv"
        writer = csv.writer(self._stack.enter_context(path.open("w", newline="", encoding="utf-8")))
        names = [""] if channels == 1 else ["_x", "_y", "_z"] if channels == 3 else None
        names = names or [f"_{channel}" for channel in range(1, channels + 1)]
        values = [column(f"{chunk.signal}{name}", chunk.unit) for name in names]
        writer.writerow(["time_s", *values, "device_time_s", "source"])
        self.paths.append(path)
        return writer


def _times_s(chunk: lines.ChunkLine) -> Iterable[float]:
    if chunk.times is not None:
        return chunk.times
    t0_s, rate_hz = chunk.t0 or 0.0, chunk.rate_hz or 1.0
    return (t0_s + index / rate_hz for index in range(len(chunk.values)))


def _tabulate(tables: Mapping[str, _Table], line: lines.Line) -> None:
    match line:
        case lines.ReadingLine():
            tables["readings"].add(time_s=line.t, **_wide(line.readings))
        case lines.StateLine():
            tables["state"].add(
                time_s=line.t, arousal=line.arousal, low=line.low, high=line.high,
                confidence=line.confidence, phase=line.phase,
                breaths_per_min=line.breaths_per_minute,
                **{f"{name}_z": value for name, value in line.contributions.items()},
            )  # fmt: skip
        case lines.DecisionLine():
            params = line.params
            tables["decisions"].add(
                time_s=line.t, strategy=line.strategy, setpoint=line.setpoint, why=line.why,
                tempo_bpm=params.tempo_bpm, key=str(params.key),
                density_per_beat=params.density, dynamics=params.dynamics,
                register=params.register, brightness=params.brightness, tension=params.tension,
                articulation=params.articulation, swing=params.swing, swell=params.swell,
                layers=" ".join(layer.value for layer in params.layers),
                **{f"number_{name}": value for name, value in line.numbers.items()},
            )  # fmt: skip
        case lines.BeatLine():
            tables["beats"].add(
                time_s=line.time, rr_ms=line.rr_ms, verdict=line.verdict, used=int(line.nn)
            )
        case lines.ScrLine():
            tables["skin_responses"].add(
                onset_s=line.time, peak_s=line.peak, amplitude_usiemens=line.amplitude_us
            )
        case _:
            _note_event(tables["events"], line)


def _wide(readings: Iterable[lines.ReadingItem]) -> dict[str, Cell]:
    row: dict[str, Cell] = {}
    for item in readings:
        row[column(item.name, item.unit)] = item.value
        row[f"{item.name}_quality"] = item.quality
        row[f"{item.name}_coverage"] = item.coverage
    return row


def _note_event(events: _Table, line: lines.Line) -> None:
    def add(kind: str, source: str, what: str, detail: str = "", **times: Cell) -> None:
        events.add(
            time_s=times.get("start_s", line.t), end_s=times.get("end_s"), kind=kind,
            source=source, what=what, detail=detail,
        )  # fmt: skip

    match line:
        case lines.GapLine():
            add("gap", line.source, line.reason, line.signal, start_s=line.start, end_s=line.end)
        case lines.StatusLine():
            contact = {None: "", True: "contact", False: "no contact"}[line.contact]
            battery = "" if line.battery_percent is None else f"battery {line.battery_percent} %"
            parts = [part for part in (contact, battery, line.detail) if part]
            add("status", line.source, line.state, "; ".join(parts))
        case lines.CommandLine():
            kind = "marker" if line.what == "marker" else "command"
            add(kind, line.who, line.value if kind == "marker" else line.what, line.value)
        case lines.SkipLine():
            add("skipped", "", f"ticks {line.first} to {line.last}")
        case lines.ClockLine():
            add("clock", "", f"wall clock moved by {line.step_s} s", line.utc)
        case lines.LostLine():
            add("lost", "", f"lines {line.first} to {line.last}", "the disk took none of them")
        case lines.EndLine():
            add("end", "", line.reason)
        case _:
            pass


def _session(header: lines.HeaderLine) -> _Table:
    table = _Table()
    facts: dict[str, Cell] = {
        "started_utc": header.started_utc, "seed": header.seed, "mode": header.mode,
        "simulated": str(header.simulated).lower(), "profile": header.profile,
        "sensors": " ".join(header.sensors), "outputs": " ".join(header.outputs),
        "platform": header.platform,
        **{f"version_{name}": number for name, number in header.versions.items()},
        "config": bytes(header.config).decode(), "baseline": bytes(header.baseline).decode(),
    }  # fmt: skip
    for name, value in facts.items():
        table.add(field=name, value=value)
    return table
