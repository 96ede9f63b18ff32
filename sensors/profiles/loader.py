"""Device profiles as TOML files; an error names the file, the line, the key and the reason."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sensors.errors import SettingsError
from sensors.profiles.keys import FileTable, TextFile
from sensors.profiles.layouts import LONGEST_PACKET, layout_of, rule_of, scale_of, valid_of
from sensors.profiles.schema import DeviceProfile, ProfileStream
from sensors.profiles.writes import goodbye_of, repeated_of, setup_of
from sensors.signals import Signal

__all__ = ["find", "load", "load_all", "parse"]

_LARGEST_BYTES = 1_000_000
_DIGITS = 16  #: of a digest: two profiles share them by chance once in 10^19


def load(path: Path) -> DeviceProfile:
    """Return the profile in a TOML file; raise `SettingsError` for the first mistake in it.

    Parameters
    ----------
    path
        A TOML file; its name without suffix is the profile's.

    Returns
    -------
    DeviceProfile
        Checked: every value is within its range.

    Raises
    ------
    SettingsError
        For a file that cannot be read, and for the first mistake in it.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_BYTES + 1)
        text = data.decode("utf-8").replace("\r\n", "\n")
    except OSError as error:
        raise SettingsError(
            f"the profile {path} cannot be read: {error.strerror}", hint="Check the path."
        ) from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not TOML: {error}", hint="Save it as UTF-8.") from error
    if len(data) > _LARGEST_BYTES:
        raise SettingsError(
            f"{path} has more than {_LARGEST_BYTES / 1e6:g} MB: no profile is read further",
            hint="A profile takes a page; is it the right file?",
        )
    return parse(path, text)


def parse(path: Path, text: str) -> DeviceProfile:
    """Return the profile in the text of a TOML file.

    Parameters
    ----------
    path
        Its name without suffix is the profile's.
    text
        What stands in it.

    Returns
    -------
    DeviceProfile
        Checked: every value is within its range.

    Raises
    ------
    SettingsError
        For the first mistake in it.
    """
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # numbers without end, and depths, among them
        raise SettingsError(f"{path} is not TOML: {error}", hint="Mend that line.") from error
    top = FileTable(TextFile(path, text), "", table)
    profile = _profile(path.stem, top)
    top.nothing_else()
    return profile


def load_all(folder: Path) -> tuple[DeviceProfile, ...]:
    """Return the profiles of all TOML files in a folder, sorted by name.

    Parameters
    ----------
    folder
        One that does not exist has none.

    Returns
    -------
    tuple[DeviceProfile, ...]
        Empty without any.
    """
    return tuple(load(path) for path in sorted(folder.glob("*.toml")))


def find(
    profiles: Iterable[DeviceProfile], name: str, services: Sequence[str] = ()
) -> DeviceProfile | None:
    """Return the profile whose match rule fits best: by name and service, by name, by service.

    Parameters
    ----------
    profiles
        Those to choose from.
    name
        The device's, as it advertises itself.
    services
        UUIDs of the services it advertises, in full.

    Returns
    -------
    DeviceProfile | None
        None when none fits; of equals the first by name.
    """
    fitting = [p for p in profiles if p.matches(name, tuple(services))]
    return min(fitting, key=lambda p: (not p.name_pattern, not p.service, p.name), default=None)


def _digest(values: Mapping[str, Any]) -> str:
    """Return a digest of what a file says, whatever its order, its blanks and its remarks."""
    text = json.dumps(values, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def _profile(name: str, top: FileTable) -> DeviceProfile:
    title, support = top.text("title"), top.text("support")
    match = top.table("match", needed=True)
    pattern, service = match.text("name", ""), match.uuid("service", "")
    if not pattern and not service:
        raise match.wrong("", "needs a name or a service", 'Write name = "My band*".')
    match.nothing_else()
    return DeviceProfile(
        digest=_digest(top.values),
        name=name,
        title=title,
        support=support,
        streams=_streams(top),
        name_pattern=pattern,
        service=service,
        setup=setup_of(top),
        repeated=repeated_of(top),
        goodbye=goodbye_of(top),
    )


def _streams(top: FileTable) -> tuple[ProfileStream, ...]:
    """Return the signals: that of [data], or those of each [[stream]]."""
    if "stream" not in top:
        data = top.table("data", needed=True)
        stream = _stream(data, top)
        data.nothing_else()
        return (stream,)
    if "data" in top:
        raise top.wrong("data", "either [data] or [[stream]] is needed, and not both")
    streams = []
    tables = top.tables("stream")
    for table in tables:
        streams.append(_stream(table, table))
        table.nothing_else()
    if not streams:
        raise top.wrong("stream", "has no table", "Write [[stream]] for each signal.")
    for stream, table in zip(streams, tables, strict=True):
        first = next(one for one in streams if one.signal is stream.signal)
        if first.rate_hz != stream.rate_hz:
            raise table.wrong("rate_hz", f"{stream.signal} comes at another rate above")
    return tuple(streams)


def _stream(data: FileTable, parts: FileTable) -> ProfileStream:
    """Return a signal: `data` says which and where, `parts` how it is written."""
    signal = Signal(data.choice("signal", [signal.value for signal in Signal], "eda"))
    characteristic = data.uuid("characteristic")
    rate_hz, period_s = _timing(data)
    if "when" in data and "text" in parts:  # lines may be cut anywhere: a place in them is none
        raise data.wrong("when", "is for [binary]", "Of lines, starts_with says which are meant.")
    return ProfileStream(
        signal=signal,
        characteristic=characteristic,
        layout=layout_of(parts, signal),
        period_s=period_s,
        rate_hz=rate_hz,
        scale=scale_of(parts.table("scale"), signal),
        valid=valid_of(parts.table("valid"), signal),
        when=rule_of(data.table("when"), "is") if "when" in data else None,
    )


def _timing(data: FileTable) -> tuple[float | None, float]:
    """Return the samples a second, if they are regular, and the seconds between packets."""
    if "rate_hz" not in data:
        if "period_s" not in data:
            raise data.wrong(
                "rate_hz", "is missing", "Give rate_hz, or period_s where values come irregularly."
            )
        return None, data.number("period_s", low=0.001, high=3600)
    rate_hz = data.number("rate_hz", low=0.1, high=10_000)
    samples = data.whole("samples_per_packet", 1, low=1, high=8 * LONGEST_PACKET)
    return rate_hz, samples / rate_hz
