"""Whether the chunks of an XDF file are whole: what tells damage from a fault of its library.

After the format's specification (github.com/sccn/xdf, "Specifications", version 1.0): behind "XDF:"
chunks follow each other, each with its length, a tag, and for some tags the number of a stream.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, ParseError, fromstring

__all__ = ["damage_of"]

_MAGIC_BYTES = 4
_LENGTH_BYTES = (1, 4, 8)
_FILE_HEADER, _STREAM_HEADER, _SAMPLES, _CLOCK_OFFSET, _STREAM_FOOTER = 1, 2, 3, 4, 6
_FORMATS = {"int8", "int16", "int32", "int64", "float32", "double64", "string"}
_MOST_CHANNELS = 100_000


def damage_of(data: bytes) -> str:
    """Return what is wrong with the chunks of a file.

    Parameters
    ----------
    data
        The whole file, from "XDF:" on.

    Returns
    -------
    str
        In words, with the place; empty where all of them are whole.
    """
    at = _MAGIC_BYTES
    declared: set[int] = set()
    while at < len(data):
        size = data[at]
        if size not in _LENGTH_BYTES:
            return f"no chunk begins at byte {at}, where one should"
        first = at + 1 + size
        length = int.from_bytes(data[at + 1 : first], "little")
        if length < 2 or first + length > len(data):
            return f"it ends within the chunk at byte {at}"
        chunk = data[first : first + length]
        if wrong := _damage_of_chunk(chunk, declared):
            return f"{wrong} in the chunk at byte {at}"
        at = first + length
    return "" if declared else "it has no stream"


def _damage_of_chunk(chunk: bytes, declared: set[int]) -> str:
    tag, stream = int.from_bytes(chunk[:2], "little"), int.from_bytes(chunk[2:6], "little")
    if tag == _STREAM_HEADER:
        declared.add(stream)
    elif tag in (_SAMPLES, _CLOCK_OFFSET, _STREAM_FOOTER) and stream not in declared:
        return f"there is no stream {stream}"
    if tag == _CLOCK_OFFSET and len(chunk) != 2 + 4 + 16:
        return "a clock offset was cut"
    if tag not in (_FILE_HEADER, _STREAM_HEADER, _STREAM_FOOTER):
        return ""
    try:
        told = fromstring(chunk[2 if tag == _FILE_HEADER else 6 :].decode("utf-8", "replace"))
    except (ParseError, ValueError):
        return "the description cannot be read"
    return _damage_of_header(told) if tag == _STREAM_HEADER else ""


def _damage_of_header(info: Element) -> str:
    """Return what a stream's header lacks that its samples cannot be read without."""
    try:
        channels = int(info.findtext("channel_count") or "")
        rate_hz = float(info.findtext("nominal_srate") or "")
    except ValueError:
        return "the number of channels or the rate is none"
    if not 0 < channels <= _MOST_CHANNELS or not 0.0 <= rate_hz < 1e9:
        return "the number of channels or the rate makes no sense"
    if info.findtext("channel_format") not in _FORMATS:
        return "the samples have no known form"
    return "" if info.find("name") is not None else "the stream has no name"
