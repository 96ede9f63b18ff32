"""A session as tables: readings, states, decisions, beats, notes, events.

Times are session seconds; the table `session` names the UTC time of second 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from biofeedback.record import lines
from biofeedback.record.derived import OF_STATE
from biofeedback.record.export_label import OWN, ExportLabel
from biofeedback.record.neutral import neutral
from biofeedback.record.reader import log_size, read
from biofeedback.record.score import score_of

__all__ = ["Cell", "LogTable", "column", "gather", "said"]

Cell = str | float | int | None
_UNIT_SUFFIXES = {
    "": "", "%": "_percent", "1/min": "_per_min", "a.u.": "_au", "bpm": "_bpm", "degC": "_degc",
    "g": "_g", "ln ms": "_ln_ms", "mV": "_mv", "ms": "_ms", "ms^2": "_ms2", "s": "_s",
    "uS": "_usiemens",
}  # fmt: skip


def column(name: str, unit: str) -> str:
    """Return a metric's column: its name with its unit, unless the name says it already.

    Parameters
    ----------
    name
        The metric's.
    unit
        As readings give it; empty for none.

    Returns
    -------
    str
        Such as "scl_usiemens".
    """
    suffix = _UNIT_SUFFIXES.get(unit, "_" + "".join(c if c.isalnum() else "_" for c in unit))
    return name if suffix == "_ln_ms" or name.endswith(suffix) else f"{name}{suffix}"


@dataclass(slots=True)
class LogTable:
    """Rows whose columns may come to be known late; they stand in order of first appearance."""

    rows: list[Mapping[str, Cell]] = field(default_factory=list)  #: in order
    columns: dict[str, None] = field(default_factory=dict)  #: in order; all values are None

    def add(self, **row: Cell) -> None:
        """Append a row.

        Parameters
        ----------
        **row
            A value for each column; None for none.
        """
        self.rows.append(row)
        self.columns.update(dict.fromkeys(row))

    def sort(self, column: str) -> None:
        """Order the rows by a column of numbers.

        Parameters
        ----------
        column
            One that all rows have; None counts as 0.
        """
        self.rows.sort(key=lambda row: float(row[column] or 0.0))


def gather(
    session: Path,
    take: Callable[[lines.ChunkLine], None],
    progress: Callable[[float], None],
    label: ExportLabel = OWN,
) -> dict[str, LogTable]:
    """Return the tables of a session (folder or log); `take` is handed its samples meanwhile.

    Tables: readings, state, decisions, beats, skin_responses, events, notes, latency, session.

    Parameters
    ----------
    session
        A session's folder, or the log in it.
    take
        Handed each line of samples.
    progress
        Told the share that is done, 0 to 1.
    label
        Whose it is, and which, in place of the session's own names.

    Returns
    -------
    dict[str, LogTable]
        By name; a table that has nothing to say has no rows.

    Raises
    ------
    LogError
        When the log cannot be read.
    """
    names = ("readings", "state", "decisions", "beats", "events", "skin_responses", "latency")
    tables = {name: LogTable() for name in names}
    size, done = log_size(session), 0
    for number, (raw, line) in enumerate(neutral(read(session))):
        if isinstance(line, lines.HeaderLine):
            tables["session"] = _session(label.header(line), label.session)
        elif isinstance(line, lines.ChunkLine):
            take(line)
        else:
            _tabulate(tables, line)
        done += len(raw) + 1
        if number % 2000 == 0:
            progress(min(1.0, done / size))
    tables["notes"] = notes = LogTable()
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
    return tables


def _tabulate(tables: Mapping[str, LogTable], line: lines.Line) -> None:
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
            before = tables["state"].rows[-1] if tables["state"].rows else {}
            estimate = {name: before[name] for name in OF_STATE if name in before}
            tables["decisions"].add(
                time_s=line.t, strategy=line.strategy, setpoint=line.setpoint, why=line.why,
                tempo_bpm=params.tempo_bpm, key=params.key,
                density_per_beat=params.density, dynamics=params.dynamics,
                register=params.register, brightness=params.brightness, tension=params.tension,
                articulation=params.articulation, swing=params.swing, swell=params.swell,
                layers=" ".join(params.layers),
                **{f"number_{name}": value for name, value in (estimate | line.numbers).items()},
            )  # fmt: skip
        case lines.BeatLine():
            tables["beats"].add(
                time_s=line.time,
                rr_ms=line.rr_ms,
                verdict=line.verdict,
                used=int(line.nn),
                **_whose(line),
            )
        case lines.ScrLine():
            tables["skin_responses"].add(
                onset_s=line.time,
                peak_s=line.peak,
                amplitude_usiemens=line.amplitude_us,
                **_whose(line),
            )
        case lines.LatencyLine():
            for stage, delay in line.stages.items():
                tables["latency"].add(
                    time_s=line.t, stage=stage, count=delay.count, p50_ms=delay.p50_ms,
                    p99_ms=delay.p99_ms, max_ms=delay.max_ms,
                )  # fmt: skip
        case _:
            _note_event(tables["events"], line)


def _whose(line: lines.BeatLine | lines.ScrLine) -> dict[str, Cell]:
    return {"wearer": line.wearer} if line.wearer else {}


def _wide(readings: Iterable[lines.ReadingItem]) -> dict[str, Cell]:
    row: dict[str, Cell] = {}
    for item in readings:
        row[column(item.name, item.unit)] = item.value
        row[f"{item.name}_quality"] = item.quality
        row[f"{item.name}_coverage"] = item.coverage
    return row


def _note_event(events: LogTable, line: lines.Line) -> None:
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
            if line.what == "rating":
                scale, _, value = line.value.partition("=")
                add("rating", line.who, scale.strip(), value.strip(), start_s=line.at)
            elif line.what in ("marker", "note", "adverse"):
                add(line.what, line.who, line.value, line.value, start_s=line.at)
            else:
                add("command", line.who, line.what, line.value, start_s=line.at)
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


def said(event: Mapping[str, Cell]) -> str:
    """Return a row of the table `events` as one text, for formats that have no columns for it.

    Parameters
    ----------
    event
        The row.

    Returns
    -------
    str
        Such as "marker a door", "rating arousal 6" or "gap link rr".
    """
    told = event["kind"] in ("gap", "rating", "command") and event["detail"]
    words = (event["kind"], event["what"], event["detail"] if told else "")
    return " ".join(str(word) for word in words if word)


def _session(header: lines.HeaderLine, visit: str) -> LogTable:
    table = LogTable()
    facts: dict[str, Cell] = {
        "started_utc": header.started_utc, "recorded": header.recorded or None,
        "seed": header.seed, "mode": header.mode,
        "simulated": str(header.simulated).lower(), "profile": header.profile,
        "sensors": " ".join(header.sensors), "outputs": " ".join(header.outputs),
        "platform": header.platform,
        **{f"version_{name}": number for name, number in header.versions.items()},
        "config": bytes(header.config).decode(), "baseline": bytes(header.baseline).decode(),
    }  # fmt: skip
    if visit:
        facts["session"] = visit
    for name, value in facts.items():
        table.add(field=name, value=value)
    return table
