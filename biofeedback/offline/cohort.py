"""Many sessions at once: their metrics, window by window, in one table.

Each session is measured by a process of its own pool, or by the workers of a Dask cluster. What is
done is kept beside the table until all of it is, so that an analysis that was cut short goes on.
"""

from __future__ import annotations

import csv
import hashlib
import math
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from biofeedback.common.errors import BiofeedbackError, FolderError, LogError
from biofeedback.offline.analysis import analyze
from biofeedback.record import lines
from biofeedback.record.logged_config import LoggedConfig
from biofeedback.record.reader import find_log, is_session, log_state, read, read_header
from biofeedback.record.tables import Cell, column
from biofeedback.record.targets import new_file

__all__ = ["Cohort", "analyze_all", "find_sessions", "measure"]

Row = dict[str, Cell]

_STAMP = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class Cohort:
    """What came of many sessions; `problems` names those that could not be read, and why."""

    sessions: int  #: that were measured
    rows: int  #: of the table
    problems: tuple[str, ...]
    people: tuple[str, ...] = ()  #: whose profiles are in the table


def find_sessions(folders: Iterable[Path]) -> list[Path]:
    """Return the folders of all sessions in and below `folders`, in order, each once.

    Parameters
    ----------
    folders
        Folders of sessions, at any depth, or sessions themselves.

    Returns
    -------
    list[Path]
        Resolved and sorted.

    Raises
    ------
    LogError
        For a folder that is missing, a recording, or when there is no session at all.
    """
    found: set[Path] = set()
    for folder in folders:
        if not folder.exists():
            raise LogError(f"there is no folder {folder}", hint="Check the name.")
        if not folder.is_dir():
            session = find_log(folder).parent
            if not is_session(session):
                raise LogError(
                    f"{folder.name} is a recording, not a session",
                    hint="Without --out its windows are shown, with --csv as a table.",
                )
            found.add(session.resolve())
        found |= {Path(inner).resolve() for inner, *_ in os.walk(folder) if is_session(Path(inner))}
    if not found:
        raise LogError("there are no sessions", hint="Name folders that hold session folders.")
    return sorted(found)


def measure(session: Path, window_s: float) -> list[Row]:
    """Return a row for each window of a session: who and when, metrics, arousal and tempo.

    The session is named by its start, as its folder was at first: whoever renamed the folder may
    have put a person's name there.
    Arousal is the mean where it was known with confidence, tempo and set point the mean of the
    decisions.

    Parameters
    ----------
    session
        A session's folder.
    window_s
        Length of the windows.

    Returns
    -------
    list[Row]
        By column: text, a number, or None for what is not known.

    Raises
    ------
    LogError
        When its log cannot be read.
    """
    header = read_header(session)
    name = f"{datetime.fromisoformat(header.started_utc):{_STAMP}}"
    result = analyze(session, window_s=window_s)
    config = msgspec.json.decode(header.config, type=LoggedConfig)
    sums = [_Means() for _ in result.windows]
    for _, line in read(session):
        place = int(line.t / window_s)
        if place < len(sums):
            if isinstance(line, lines.StateLine) and line.confidence > 0.0:
                sums[place].add("arousal", line.arousal)
            elif isinstance(line, lines.DecisionLine):
                sums[place].add("setpoint", line.setpoint)
                sums[place].add("tempo", line.params.tempo_bpm)
    rows: list[Row] = []
    for window, means in zip(result.windows, sums, strict=True):
        row: Row = {
            "session": name, "profile": header.profile,
            "started_utc": header.started_utc, "recorded": header.recorded or None,
            "simulated": str(header.simulated).lower(),
            "strategy": config.control.strategy, "style": config.music.style,
            "seed": header.seed, "start_s": window.start_s, "end_s": window.end_s,
            "arousal": means.mean("arousal"), "setpoint": means.mean("setpoint"),
            "tempo_bpm": means.mean("tempo"),
        }  # fmt: skip
        for reading in window.readings:
            row[column(reading.name, reading.unit)] = reading.value
            row[f"{reading.name}_quality"] = reading.quality
            row[f"{reading.name}_coverage"] = reading.coverage
        rows.append(row)
    return rows


def _reason(problems: list[str]) -> str:
    return f"Left out: {problems[0]}" if problems else "Give a shorter --window."


def _named_once(rows: list[Row], names: Counter[str]) -> list[Row]:
    """Return a session's rows under a name that no other session of the table has."""
    if not rows:
        return rows
    name = str(rows[0]["session"])
    names[name] += 1
    one_of_many = f"{name}x{names[name]}" if names[name] > 1 else name
    return [{**row, "session": one_of_many} for row in rows]


def analyze_all(
    sessions: Sequence[Path],
    out: Path,
    *,
    window_s: float = 60.0,
    processes: int | None = None,
    cluster: str | None = None,
    force: bool = False,
    progress: Callable[[float], None] = lambda share: None,
) -> Cohort:
    """Measure sessions in parallel, and write one table, `out`: .parquet or .csv.

    Interrupted, it goes on from where it was when called again with the same `out`.

    Parameters
    ----------
    sessions
        Their folders, one at least.
    out
        The table, .parquet or .csv.
    window_s
        Length of the windows.
    processes
        How many at once; None for the number of cores.
    cluster
        Address of a Dask scheduler whose workers see the same files; None to compute here.
    force
        Whether `out` may be replaced.
    progress
        Told the share that is done, 0 to 1.

    Returns
    -------
    Cohort
        How much came of it; sessions that cannot be read are left out.

    Raises
    ------
    LogError
        No session could be read, or none has a whole window; there is no table then.
    FolderError
        `out` exists and `force` is not set, has another ending, or cannot be written.
    BiofeedbackError
        A process or the cluster failed; what was done is kept.
    """
    write = {".parquet": _write_parquet, ".csv": _write_csv}.get(out.suffix)
    if write is None:
        raise FolderError(f"{out.name} is no table", hint="End its name in .parquet or .csv")
    parts = out.with_name(f".{out.name}.parts")
    with new_file(out, force=force) as path:
        parts.mkdir(exist_ok=True)
        places = {session: parts / f"{_key(session, window_s)}.json" for session in sessions}
        todo = [session for session, place in places.items() if not place.is_file()]
        run = _on_cluster(todo, window_s, cluster) if cluster else _here(todo, window_s, processes)
        done = len(sessions) - len(todo)
        progress(done / len(sessions))
        for session, result in run:
            partial = places[session].with_suffix(".partial")
            partial.write_bytes(msgspec.json.encode(result))
            partial.replace(places[session])
            done += 1
            progress(done / len(sessions))
        rows: list[Row] = []
        names: Counter[str] = Counter()
        problems: list[str] = []
        for place in places.values():
            result = msgspec.json.decode(place.read_bytes(), type=list[Row] | str)
            if isinstance(result, str):
                problems.append(result)
            else:
                rows += _named_once(result, names)
        if not rows:
            raise LogError("there is nothing to put into a table", hint=_reason(problems))
        write(path, rows)
    shutil.rmtree(parts)
    people = {str(row["profile"]) for row in rows if row["profile"]}
    return Cohort(len(sessions) - len(problems), len(rows), tuple(problems), tuple(sorted(people)))


def _measured(session: Path, window_s: float) -> list[Row] | str:
    """Return the rows of a session, or why there are none."""
    try:
        return measure(session, window_s)
    except BiofeedbackError as error:
        return str(error)


def _here(
    sessions: Sequence[Path], window_s: float, processes: int | None
) -> Iterator[tuple[Path, list[Row] | str]]:
    if not sessions:
        return
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    count = min(processes or os.cpu_count() or 1, len(sessions))
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as many threads as processes, not more
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        waiting = {pool.submit(_measured, session, window_s): session for session in sessions}
        try:
            for future in as_completed(waiting):
                yield waiting[future], future.result()
        except BrokenProcessPool as error:
            raise BiofeedbackError(
                "a process that measured was killed", hint="Run it again; it goes on from there."
            ) from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _on_cluster(
    sessions: Sequence[Path], window_s: float, address: str
) -> Iterator[tuple[Path, list[Row] | str]]:
    try:
        dask: Any = import_module("distributed")
    except ImportError as error:
        raise BiofeedbackError(
            "a cluster needs the package distributed", hint="pip install 'biofeedback[cluster]'"
        ) from error
    try:
        client = dask.Client(address, timeout="10s")
    except (OSError, ValueError) as error:
        raise BiofeedbackError(
            f"no Dask scheduler answers at {address}", hint="Start one: dask scheduler"
        ) from error
    with client:
        waiting = {
            client.submit(_measured, session, window_s, pure=False): session for session in sessions
        }
        for future in dask.as_completed(waiting):
            yield waiting[future], future.result()


def _key(session: Path, window_s: float) -> str:
    """Return a name for the result of one log as it stands now."""
    try:
        size, changed_ns = log_state(session)
    except LogError:
        return hashlib.sha256(str(session).encode()).hexdigest()[:32]
    text = f"{session}|{size}|{changed_ns}|{window_s!r}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class _Means:
    """Means of named values; of none it is None."""

    def __init__(self) -> None:
        self._values: dict[str, list[float]] = {}

    def add(self, name: str, value: float | None) -> None:
        if value is not None:
            self._values.setdefault(name, []).append(value)

    def mean(self, name: str) -> float | None:
        values = self._values.get(name)
        return math.fsum(values) / len(values) if values else None


def _columns(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _write_csv(path: Path, rows: Sequence[Row]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, _columns(rows), restval="")
        writer.writeheader()
        writer.writerows(rows)


def _write_parquet(path: Path, rows: Sequence[Row]) -> None:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise FolderError(
            "Parquet needs the package pyarrow",
            hint="pip install 'biofeedback[parquet]', or choose a name that ends in .csv",
        ) from error
    texts = {"session", "profile", "started_utc", "recorded", "simulated", "strategy", "style"}

    def array(name: str) -> Any:
        kind = pa.string() if name in texts else pa.int64() if name == "seed" else pa.float64()
        return pa.array([row.get(name) for row in rows], kind)

    parquet.write_table(pa.table({name: array(name) for name in _columns(rows)}), path)
