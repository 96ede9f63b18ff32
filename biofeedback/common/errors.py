"""What the user may have to mend; each error carries a hint.

BiofeedbackError
|-- CommandError    what was asked of a running session makes no sense
|-- ConfigError     an unknown key, a value out of range, an unknown name
|-- FolderError     a folder or file that cannot be written
|   `-- BusyError   or that another program keeps: a session that runs
|-- LogError        a session log that is missing or unreadable
|   |-- EmptyLogError    or that never began
|   `-- KeyMissingError  or encrypted, and the key was not given
|-- PluginError     a part that an installed package adds cannot be loaded, or failed
`-- TrialError      a trial that is unknown, was changed, or can't do what was asked

`sensors.errors.SensorError` and `synth.errors.SynthError` are the trees of the two libraries, which
know nothing of this one. What all three share is a `hint`; `hint_of` alone looks for it, so that
the command line, the page and the desk show whatever carries one the same way.
"""

__all__ = [
    "BiofeedbackError",
    "BusyError",
    "CommandError",
    "ConfigError",
    "EmptyLogError",
    "FolderError",
    "KeyMissingError",
    "LogError",
    "PluginError",
    "TrialError",
    "hint_of",
]


class BiofeedbackError(Exception):
    """Base of all errors of this package; `hint` says what the user can do about it."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class CommandError(BiofeedbackError):
    """A command to a session has a value that makes no sense; nothing was done."""


class ConfigError(BiofeedbackError):
    """A setting is unknown, malformed or out of range."""


class FolderError(BiofeedbackError):
    """A folder or file cannot be written."""


class BusyError(FolderError):
    """A session runs, or another program keeps what was to be changed; nothing was done."""


class LogError(BiofeedbackError):
    """A session log cannot be read."""


class EmptyLogError(LogError):
    """A session log has not one whole line: nothing was recorded."""


class KeyMissingError(LogError):
    """What is kept is encrypted, and its key was not given."""


class PluginError(BiofeedbackError):
    """A part that an installed package adds cannot be loaded, or failed."""


class TrialError(BiofeedbackError):
    """A trial is unknown, was changed after it was frozen, or can't do what was asked."""


def hint_of(error: BaseException) -> str | None:
    """Return what the user can do about an error, maybe nothing (""); None where it is a bug."""
    hint = getattr(error, "hint", None)
    return hint if isinstance(hint, str) else None
