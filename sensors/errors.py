"""What can go wrong with a sensor or a recording; each error carries a hint for the user.

SensorError
|-- SensorNotFound      it was never seen, or nothing matches what was asked for
|-- SensorUnavailable   the computer cannot look for it (no adapter, no permission)
|-- SettingsError       an address, option or column map that makes no sense
|-- RecordingError      a file that is missing, empty, truncated or of an unknown format
`-- PacketError         bytes that do not decode; drivers count it and go on
"""

from sensors.error_counter import BadKind
from sensors.printable import printable

__all__ = [
    "PacketError",
    "RecordingError",
    "SensorError",
    "SensorNotFound",
    "SensorUnavailable",
    "SettingsError",
]


class SensorError(Exception):
    """Base of all errors of this package; `hint` says what the user can do about it.

    Both are one line each, whatever names are in them.

    Parameters
    ----------
    message
        What went wrong; made printable.
    hint
        What the user can do about it; empty where there is nothing.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(printable(message))
        self.hint = printable(hint)


class SensorNotFound(SensorError):  # noqa: N818 - reads as the sentence that the user sees
    """No device matches, within the time that was allowed."""


class SensorUnavailable(SensorError):  # noqa: N818
    """The means to reach any device are missing: no adapter, no service, no permission."""


class SettingsError(SensorError):
    """An option of a sensor is unknown, malformed or out of range."""


class RecordingError(SensorError):
    """A recording cannot be read."""


class PacketError(SensorError):
    """A packet does not follow its format; `kind` is how it is counted.

    Parameters
    ----------
    message
        What is wrong with it.
    kind
        How it is counted.
    """

    def __init__(self, message: str, kind: BadKind = "wrong length") -> None:
        super().__init__(message)
        self.kind: BadKind = kind
