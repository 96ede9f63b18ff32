"""Older logs without the names of files: a recording's samples bore the name of its file.

Today a recording is called after what it holds, as in `rr-1`, and its path stays out of the log.
Of a log from before, whatever is made of it calls its recordings `recording-1` and so on. The
log itself stays as it is, byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePath

import msgspec
from msgspec import UNSET

from biofeedback.group.settings import MARK
from biofeedback.record import lines

__all__ = ["neutral", "neutral_header"]

_FILE = "file:"
_WRITTEN = re.compile(r"^(mid|wav):[^?]+")
_SOUNDFONT = re.compile(r"^soundfont:[^?]+")
_MAP = re.compile(r"([?&])map=[^&]*(?:[/\\]|\.toml)[^&]*")
_AGAIN = re.compile(r" #\d+$")  # a second sensor of one name


def neutral(
    logged: Iterable[tuple[bytes, lines.Line]],
) -> Iterator[tuple[bytes, lines.Line]]:
    """Yield what is read of a log, no line of it with the name of a file.

    Parameters
    ----------
    logged
        Bytes and line, the header first.

    Yields
    ------
    tuple[bytes, lines.Line]
        The bytes as they were; the line with neutral sources.
    """
    called: dict[str, str] = {}
    for raw, line in logged:
        if isinstance(line, lines.HeaderLine):
            called = _called(line)
            yield raw, neutral_header(line)
        elif called and isinstance(line, lines.ChunkLine | lines.GapLine | lines.StatusLine):
            yield raw, _renamed(line, called)
        elif called and isinstance(line, lines.EndLine):
            bad = {_source(name, called): kinds for name, kinds in line.bad.items()}
            drift = {_source(name, called): ppm for name, ppm in line.drift_ppm.items()}
            yield raw, msgspec.structs.replace(line, bad=bad, drift_ppm=drift)
        else:
            yield raw, line


def neutral_header(header: lines.HeaderLine) -> lines.HeaderLine:
    """Return a header without paths; the log itself needs that of a MIDI map, to be rendered.

    Parameters
    ----------
    header
        The first line of a log, of whatever age.

    Returns
    -------
    lines.HeaderLine
        The same where it has none.
    """
    sensors = header.sensors
    if header.recordings is UNSET:
        sensors = [
            f"{_FILE}recording-{place}" if uri.startswith(_FILE) else uri
            for place, uri in enumerate(sensors, 1)
        ]
    outputs = [_without_paths(uri) for uri in header.outputs]
    return msgspec.structs.replace(header, sensors=sensors, outputs=outputs)


def _without_paths(output: str) -> str:
    """Return an output without the paths of a file that it writes, of a map and of a soundfont."""
    output = _WRITTEN.sub(r"\1:session.\1", output)
    output = _SOUNDFONT.sub("soundfont:", output)
    return _MAP.sub(r"\1map=own", output)


def _called(header: lines.HeaderLine) -> dict[str, str]:
    """Return what each recording is to be called, by the name that its samples bear."""
    if header.recordings is not UNSET:
        return {}
    names: dict[str, str] = {}
    for place, uri in enumerate(header.sensors, 1):
        if uri.startswith(_FILE):
            file = PurePath(uri.removeprefix(_FILE)).name
            names.setdefault(file.split(".")[0] or file, f"recording-{place}")
    return names


def _renamed(
    line: lines.ChunkLine | lines.GapLine | lines.StatusLine, called: dict[str, str]
) -> lines.Line:
    source = _source(line.source, called)
    if source == line.source:
        return line
    if isinstance(line, lines.StatusLine):
        old, new = (text.rpartition(MARK)[2] for text in (line.source, source))
        return msgspec.structs.replace(line, source=source, detail=line.detail.replace(old, new))
    return msgspec.structs.replace(line, source=source)


def _source(source: str, called: dict[str, str]) -> str:
    """Return a source, of a wearer or not, with a neutral name."""
    wearer, mark, own = source.rpartition(MARK)
    again = _AGAIN.search(own)
    name = own[: again.start()] if again else own
    return f"{wearer}{mark}{called[name]}{again[0] if again else ''}" if name in called else source
