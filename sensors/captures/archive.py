"""A capture as a file: a zip with what happened, line by line, and what it is in words."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast, get_args

from sensors.ble.tap import GattCharacteristic
from sensors.captures.capture import MOST_EVENTS, Capture, CaptureEvent, Driver, EventKind, Values
from sensors.errors import RecordingError, SettingsError

__all__ = [
    "EVENTS",
    "UNREADABLE",
    "has_member",
    "is_capture",
    "packed",
    "read_capture",
    "write_capture",
]

EVENTS, _WORDS, _PROFILE = "capture.jsonl", "README.txt", "profile.toml"
_FORMAT = 1
_LARGEST_BYTES = 1 << 28  #: unpacked; a day of a strap with ECG is a third of it
_LONGEST_S = 7 * 86400.0
_MOST_RATIO = 200  #: packets of zeros pack well, and yet not like this
#: What damage makes of reading a zip, besides errors of the system: zipfile calls a way of packing
#: that it does not know, and a version of zip, not implemented.
UNREADABLE = (
    OSError, zipfile.BadZipFile, zlib.error, NotImplementedError, ValueError, EOFError,
    RuntimeError, OverflowError,
)  # fmt: skip
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DAMAGED = "Ask for it again: it may have been cut on its way."


def is_capture(path: Path) -> bool:
    """Return whether a file is a capture.

    Parameters
    ----------
    path
        Any file.

    Returns
    -------
    bool
        By what is in it.
    """
    return has_member(path, EVENTS)


def has_member(path: Path, name: str) -> bool:
    """Return whether a file is an archive with a member of a name.

    Parameters
    ----------
    path
        Any file.
    name
        Of the member.

    Returns
    -------
    bool
        False for what is no archive, damaged, or cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return name in archive.namelist()
    except UNREADABLE:
        return False


def packed(capture: Capture, words: str) -> dict[str, str]:
    """Return the members of the archive, as they will be written.

    Parameters
    ----------
    capture
        Without anything that tells whose it is.
    words
        What it is, for a person.

    Returns
    -------
    dict[str, str]
        Text by name.
    """
    head = {
        "is": "capture",
        "format": _FORMAT,
        "name": capture.name,
        "services": list(capture.services),
        "has": [[one.service, one.uuid, list(one.properties)] for one in capture.has],
        "driver": capture.driver,
        "options": capture.options,
        "values": capture.values,
        "duration_s": round(capture.duration_s, 3),
        "removed": capture.removed,
        "made_with": capture.made_with,
    }
    lines = [json.dumps(line, ensure_ascii=False) for line in (head, *map(_line, capture.events))]
    members = {_WORDS: f"{words}\n", EVENTS: "\n".join(lines) + "\n"}
    return members | ({_PROFILE: capture.profile} if capture.profile else {})


def write_capture(path: Path, members: Mapping[str, str]) -> None:
    """Write an archive; what is there is not replaced, and half of one is not left.

    Parameters
    ----------
    path
        Where to.
    members
        As `packed` returns them.

    Raises
    ------
    SettingsError
        Where it cannot be written.
    """
    try:
        with path.open("xb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in members.items():
                # No date: when it was recorded is nobody's business.
                archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
    except FileExistsError:
        raise SettingsError(f"{path} is there already", hint="Give another name.") from None
    except OSError as error:
        path.unlink(missing_ok=True)
        raise SettingsError(
            f"{path} cannot be written: {error.strerror}", hint="Give another place."
        ) from error


def read_capture(path: Path) -> Capture:
    """Return the capture in a file.

    Parameters
    ----------
    path
        As `write_capture` made it.

    Returns
    -------
    Capture
        Checked: every line makes sense.

    Raises
    ------
    RecordingError
        For anything else, with the line.
    """
    texts = _members(path)
    lines = texts[EVENTS].splitlines()
    if len(lines) > MOST_EVENTS + 1:
        raise RecordingError(f"{path.name}: more than {MOST_EVENTS} events", hint=_DAMAGED)
    events: list[CaptureEvent] = []
    begun: Capture | None = None
    try:
        head = json.loads(lines[0])
        begun = _begun(head, texts.get(_PROFILE, ""))
        for line in lines[1:]:
            events.append(_event(json.loads(line)))
    except (
        IndexError, KeyError, TypeError, ValueError, AttributeError, RecursionError, OverflowError
    ) as error:  # fmt: skip
        number = 1 if begun is None else len(events) + 2
        raise RecordingError(
            f"{path.name} is no capture of this version: line {number} of {EVENTS} ({error})",
            hint=_DAMAGED,
        ) from error
    return replace(begun, events=tuple(sorted(events, key=lambda event: event.time_s)))


def _begun(head: dict[str, Any], profile: str) -> Capture:
    """Return what the first line tells; raise `ValueError` or `KeyError` for what it cannot."""
    if head["is"] != "capture" or head["format"] != _FORMAT:
        raise ValueError(f"format {head['format']}")
    driver, values = head["driver"], head["values"]
    if driver not in get_args(Driver) or values not in get_args(Values):
        raise ValueError(f"driver {driver!r}, values {values!r}")
    return Capture(
        name=str(head["name"]),
        services=tuple(map(str, head["services"])),
        has=tuple(
            GattCharacteristic(str(service), str(uuid), tuple(map(str, properties)))
            for service, uuid, properties in head["has"]
        ),
        driver=cast(Driver, driver),
        events=(),
        duration_s=min(_LONGEST_S, max(0.0, float(head["duration_s"]))),
        values=cast(Values, values),
        profile=profile,
        options={str(key): int(value) for key, value in head["options"].items()},
        made_with=str(head["made_with"]),
        removed={str(key): int(value) for key, value in head["removed"].items()},
    )


def _members(path: Path) -> dict[str, str]:
    try:
        with zipfile.ZipFile(path) as archive:
            wanted = [one for one in archive.infolist() if one.filename in (EVENTS, _PROFILE)]
            if any(one.compress_type not in _PACKINGS for one in wanted):
                raise RecordingError(
                    f"{path.name} is packed in another way than captures are", hint=_DAMAGED
                )
            size, small = (
                sum(one.file_size for one in wanted),
                sum(one.compress_size for one in wanted),
            )
            if size > _LARGEST_BYTES or (size > 1 << 20 and size > _MOST_RATIO * small):
                raise RecordingError(
                    f"{path.name} would unpack to {size / 1e6:.0f} MB", hint="It is no capture."
                )
            texts = {one.filename: archive.read(one).decode("utf-8") for one in wanted}
    except FileNotFoundError:
        raise RecordingError(f"there is no capture at {path}", hint="Check the path.") from None
    except UNREADABLE as error:
        raise RecordingError(f"{path.name} cannot be read: {error}", hint=_DAMAGED) from error
    if EVENTS not in texts:
        raise RecordingError(f"{path.name} is no capture: it has no {EVENTS}", hint=_DAMAGED)
    return texts


def _line(event: CaptureEvent) -> dict[str, object]:
    line: dict[str, object] = {"t": round(event.time_s, 4), "is": event.kind}
    if event.uuid:
        line |= {"uuid": event.uuid, "hex": event.data.hex()}
    if event.state:
        line["state"] = event.state
    if event.reason:
        line["reason"] = event.reason
    if event.mtu:
        line["mtu"] = event.mtu
    if not event.response:
        line["response"] = False
    return line


def _event(line: dict[str, Any]) -> CaptureEvent:
    time_s, kind = float(line["t"]), line["is"]
    if kind not in get_args(EventKind) or not 0.0 <= time_s <= _LONGEST_S:
        raise ValueError(f"{kind!r} at {time_s}")
    return CaptureEvent(
        time_s,
        cast(EventKind, kind),
        str(line.get("uuid", "")),
        bytes.fromhex(line.get("hex", "")),
        str(line.get("state", "")),
        str(line.get("reason", "")),
        int(line["mtu"]) if "mtu" in line else None,
        bool(line.get("response", True)),
    )
