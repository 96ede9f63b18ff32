"""The heart beats of a session as text: RR intervals in ms, one a line, for HRV programs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from biofeedback.common.errors import LogError
from biofeedback.record.export_label import OWN, ExportLabel
from biofeedback.record.reader import read_header
from biofeedback.record.streams import StreamCollector
from biofeedback.record.tables import gather
from biofeedback.record.targets import new_file

__all__ = ["ENDING", "export"]

ENDING = ".txt"


def export(
    session: Path,
    out: Path,
    *,
    force: bool,
    progress: Callable[[float], None],
    label: ExportLabel = OWN,
) -> list[Path]:
    """Write the RR intervals of a session as they were measured, uncorrected; return the path.

    Those of the first sensor that sent any; else the intervals that were found in an ECG or a pulse
    wave.

    Parameters
    ----------
    session
        A session's folder, or the log in it.
    out
        The file to write.
    force
        Whether what stands there already may be replaced.
    progress
        Told the share that is done, 0 to 1.
    label
        Whose it is, and which, in place of the session's own names.

    Returns
    -------
    list[Path]
        One path.

    Raises
    ------
    LogError
        The log cannot be read, or there are no beats in it.
    FolderError
        `out` exists and `force` is not set, or it cannot be written.
    """
    read_header(session)
    streams = StreamCollector()
    tables = gather(session, streams.take, progress)
    measured = [stream for stream in streams.all() if stream.signal == "rr"]
    intervals_ms = [1000.0 * float(value) for value in measured[0].values[:, 0]] if measured else []
    intervals_ms = intervals_ms or [float(row["rr_ms"] or 0.0) for row in tables["beats"].rows]
    if not intervals_ms:
        raise LogError(f"{session} has no heart beats", hint="Was a chest strap worn?")
    with new_file(out, force=force) as path:
        path.write_text("".join(f"{rr_ms:.4f}\n" for rr_ms in intervals_ms), encoding="ascii")
    return [out]
