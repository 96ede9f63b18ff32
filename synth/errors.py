"""What can go wrong between an intention and its sound; each error carries a hint.

SynthError
|-- OutputUnavailable   no such port, device or library here
|-- OutputLost          it was there, and went away while playing
|-- StyleError          a style or its TOML is unknown or malformed
|-- MapError            a MIDI map is unknown or malformed
`-- RenderError         a file cannot be written
"""

__all__ = [
    "MapError",
    "OutputLost",
    "OutputUnavailable",
    "RenderError",
    "StyleError",
    "SynthError",
]


class SynthError(Exception):
    """Base of all errors of this package; `hint` says what the user can do about it.

    Parameters
    ----------
    message
        What went wrong, one plain sentence.
    hint
        What the user can do about it; empty when nothing.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class OutputUnavailable(SynthError):  # noqa: N818 - reads as the sentence that the user sees
    """The output cannot be opened."""


class OutputLost(SynthError):  # noqa: N818
    """An open output stopped accepting events."""


class StyleError(SynthError):
    """A style is unknown, or its settings are."""


class MapError(SynthError):
    """A MIDI map is unknown, or something in it is."""


class RenderError(SynthError):
    """A sound or MIDI file cannot be written."""
