"""What a device has to be told, read from the tables of a profile."""

from __future__ import annotations

from typing import Literal

from sensors.profiles.keys import FileTable
from sensors.profiles.schema import DeviceWrite

__all__ = ["goodbye_of", "repeated_of", "setup_of"]

_PLACEHOLDER: Literal["{unix_time}"] = "{unix_time}"
_ANY_BYTE = "??"


def setup_of(top: FileTable) -> tuple[DeviceWrite, ...]:
    """Return what is written after connecting; what follows an awaited answer waits for it.

    Parameters
    ----------
    top
        The whole file.

    Returns
    -------
    tuple[DeviceWrite, ...]
        In order.
    """
    return tuple(_write(keys, awaits=True) for keys in top.tables("setup"))


def repeated_of(top: FileTable) -> tuple[DeviceWrite, ...]:
    """Return what is written again and again while the device is connected.

    Parameters
    ----------
    top
        The whole file.

    Returns
    -------
    tuple[DeviceWrite, ...]
        Each with its own pace.
    """
    return tuple(_write(keys, repeats=True) for keys in top.tables("repeat"))


def goodbye_of(top: FileTable) -> tuple[DeviceWrite, ...]:
    """Return what is written before disconnecting.

    Parameters
    ----------
    top
        The whole file.

    Returns
    -------
    tuple[DeviceWrite, ...]
        In order.
    """
    return tuple(_write(keys) for keys in top.tables("goodbye"))


def _write(keys: FileTable, *, awaits: bool = False, repeats: bool = False) -> DeviceWrite:
    characteristic = keys.uuid("characteristic")
    parts = _parts(keys)
    response = keys.choice("response", ["yes", "no"], "yes") == "yes"
    every_s = keys.number("every_s", low=0.1, high=3600) if repeats else None
    answer: tuple[int | None, ...] = ()
    answer_on = ""
    if awaits and "answer" in keys:
        answer = _pattern(keys)
        answer_on = keys.uuid("answer_on", characteristic)
    elif awaits and "answer_on" in keys:
        raise keys.wrong("answer_on", "needs an answer", 'Write answer = "f0 01".')
    keys.nothing_else()
    return DeviceWrite(characteristic, parts, response, answer, answer_on, every_s)


def _parts(keys: FileTable) -> tuple[bytes | Literal["{unix_time}"], ...]:
    parts: list[bytes | Literal["{unix_time}"]] = []
    for i, piece in enumerate(keys.text("bytes").split(_PLACEHOLDER)):
        try:
            parts += [_PLACEHOLDER] * (i > 0) + [bytes.fromhex(piece)]
        except ValueError:
            raise keys.wrong(
                "bytes", f"{piece.strip()!r} is not hex", f"Write 01 ff, and {_PLACEHOLDER}."
            ) from None
    return tuple(part for part in parts if part)


def _pattern(keys: FileTable) -> tuple[int | None, ...]:
    """Return how an answer begins; a byte that may be any is None."""
    text = keys.text("answer")
    digits = "".join(text.split())
    pairs = [digits[i : i + 2] for i in range(0, len(digits), 2)]
    try:
        return tuple(None if pair == _ANY_BYTE else bytes.fromhex(pair)[0] for pair in pairs)
    except ValueError:
        raise keys.wrong(
            "answer", f"{text!r} is not hex", f"Write f0 01, and {_ANY_BYTE} for any byte."
        ) from None
