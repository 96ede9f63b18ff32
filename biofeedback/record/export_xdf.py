"""A session as one XDF file, the format of the lab streaming layer: a stream a signal, and markers.

After the specification of XDF 1.0 (github.com/sccn/xdf). Time stamps are session seconds and
samples are doubles, so nothing is rounded. Where samples are missing stand rows of NaN: a reader
that smooths the stamps, as pyxdf does by default, would else close a gap; one that knows
`can_drop_samples`, as pyxdf 1.17 does, leaves them as they are.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np

from biofeedback.record.export_label import OWN, ExportLabel
from biofeedback.record.reader import read_header
from biofeedback.record.streams import LoggedStream, StreamCollector
from biofeedback.record.tables import LogTable, gather, said
from biofeedback.record.targets import new_file
from sensors.signals import FloatArray

__all__ = ["ENDING", "export"]

ENDING = ".xdf"

_HEADER, _STREAM_HEADER, _SAMPLES, _CLOCK_OFFSET, _STREAM_FOOTER = 1, 2, 3, 4, 6
_STATE = ("arousal", "low", "high", "confidence")


def export(
    session: Path,
    out: Path,
    *,
    force: bool,
    progress: Callable[[float], None],
    label: ExportLabel = OWN,
) -> list[Path]:
    """Write a session as the XDF file `out`; return its path in a list.

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
        The log cannot be read.
    FolderError
        `out` exists and `force` is not set, or it cannot be written.
    """
    header = read_header(session)
    streams = StreamCollector()
    tables = gather(session, streams.take, lambda share: progress(0.9 * share))
    with new_file(out, force=force) as path, path.open("wb") as file:
        file.write(b"XDF:")
        file.write(_chunk(_HEADER, _xml(_about(header.began, label))))
        number = 0
        for number, stream in enumerate(streams.all(), 1):
            file.write(_signal(number, stream))
        for name, text in (("state", _states(number + 1, tables["state"])),
                           ("events", _events(number + 2, tables["events"]))):  # fmt: skip
            if tables[name].rows:
                file.write(text)
    progress(1.0)
    return [out]


def _about(began: datetime | None, label: ExportLabel) -> str:
    """Return the file's header: `datetime`, if it is known, was at the time stamp `time_zero`."""
    when = (
        "" if began is None else f"<datetime>{began.isoformat(timespec='milliseconds')}</datetime>"
    )
    whose = "".join(
        f"<{name}>{value}</{name}>"
        for name, value in (("subject", label.subject), ("session", label.session))
        if value
    )
    return f"<info><version>1.0</version>{when}<time_zero>0.0</time_zero>{whose}</info>"


def _signal(number: int, stream: LoggedStream) -> bytes:
    head = _info(
        stream.name, stream.signal.upper(), stream.rate_hz, stream.columns, stream.unit,
        "double64", stream.source,
    )  # fmt: skip
    if stream.rate_hz is None:
        return _numbers(number, head, stream.times_s, stream.values)
    grid = stream.grid()
    return _numbers(number, head, grid.times_s, grid.values)


def _states(number: int, table: LogTable) -> bytes:
    times_s = np.array([float(row["time_s"] or 0.0) for row in table.rows])
    values = np.array([[float(row[name] or 0.0) for name in _STATE] for row in table.rows])
    head = _info("state", "Arousal", None, _STATE, "", "double64", "biofeedback")
    return _numbers(number, head, times_s, values)


def _events(number: int, table: LogTable) -> bytes:
    samples = bytearray()
    times_s = np.array([float(row["time_s"] or 0.0) for row in table.rows])
    for time_s, row in zip(times_s, table.rows, strict=True):
        lasts_s = 0.0 if row["end_s"] is None else float(row["end_s"]) - time_s
        samples += struct.pack("<Bd", 8, time_s)
        for text in (said(row).encode(), b"%.6f" % lasts_s):
            samples += _length(len(text)) + text
    head = _info("events", "Markers", None, ("event", "duration_s"), "", "string", "biofeedback")
    return _stream(number, head, times_s, bytes(samples))


def _numbers(number: int, head: str, times_s: FloatArray, values: FloatArray) -> bytes:
    row = np.dtype([("bytes", "u1"), ("time_s", "<f8"), ("values", "<f8", (values.shape[1],))])
    samples = np.empty(len(times_s), row)
    samples["bytes"], samples["time_s"], samples["values"] = 8, times_s, values
    return _stream(number, head, times_s, samples.tobytes())


def _stream(number: int, head: str, times_s: FloatArray, samples: bytes) -> bytes:
    own = struct.pack("<I", number)
    footer = (
        f"<info><first_timestamp>{times_s[0]!r}</first_timestamp><last_timestamp>{times_s[-1]!r}"
        f"</last_timestamp><sample_count>{len(times_s)}</sample_count></info>"
    ) if len(times_s) else "<info><sample_count>0</sample_count></info>"  # fmt: skip
    return b"".join(
        (
            _chunk(_STREAM_HEADER, own + _xml(head)),
            _chunk(_SAMPLES, own + _length(len(times_s)) + samples),
            _chunk(_CLOCK_OFFSET, own + struct.pack("<dd", 0.0, 0.0)),  # all have one clock
            _chunk(_STREAM_FOOTER, own + _xml(footer)),
        )
    )


def _info(
    name: str, kind: str, rate_hz: float | None, labels: Sequence[str], unit: str, form: str,
    source: str,
) -> str:  # fmt: skip
    channels = "".join(
        f"<channel><label>{label}</label><unit>{escape(unit)}</unit></channel>" for label in labels
    )
    return (
        f"<info><name>{escape(name)}</name><type>{escape(kind)}</type>"
        f"<channel_count>{len(labels)}</channel_count><nominal_srate>{rate_hz or 0!r}"
        f"</nominal_srate><channel_format>{form}</channel_format>"
        f"<source_id>{escape(source)}</source_id>"
        f"<desc><channels>{channels}</channels><synchronization><can_drop_samples>true"
        "</can_drop_samples></synchronization></desc></info>"
    )


def _xml(text: str) -> bytes:
    return f'<?xml version="1.0"?>{text}'.encode()


def _chunk(tag: int, content: bytes) -> bytes:
    return _length(len(content) + 2) + struct.pack("<H", tag) + content


def _length(count: int) -> bytes:
    """Return a length as XDF writes it: the number of its bytes (1, 4 or 8), then itself."""
    if count < 1 << 8:
        return struct.pack("<BB", 1, count)
    return struct.pack("<BI", 4, count) if count < 1 << 32 else struct.pack("<BQ", 8, count)
