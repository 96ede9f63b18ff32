"""Modes as pitch classes, and the keys' places on the circle of fifths."""

from __future__ import annotations

from functools import lru_cache

from synth.params import Key, Mode

__all__ = [
    "BRIGHTNESS",
    "circle_steps",
    "scale",
    "signature",
    "spell",
    "step_toward",
]

#: The modes from the brightest to the darkest; neighbours differ in a single note.
BRIGHTNESS = (
    Mode.LYDIAN,
    Mode.IONIAN,
    Mode.MIXOLYDIAN,
    Mode.DORIAN,
    Mode.AEOLIAN,
    Mode.PHRYGIAN,
)

_INTERVALS = {
    Mode.LYDIAN: (0, 2, 4, 6, 7, 9, 11),
    Mode.IONIAN: (0, 2, 4, 5, 7, 9, 11),
    Mode.MIXOLYDIAN: (0, 2, 4, 5, 7, 9, 10),
    Mode.DORIAN: (0, 2, 3, 5, 7, 9, 10),
    Mode.AEOLIAN: (0, 2, 3, 5, 7, 8, 10),
    Mode.PHRYGIAN: (0, 1, 3, 5, 7, 8, 10),
}
_LETTERS = "FCGDAEB"


@lru_cache(maxsize=128)
def scale(key: Key) -> tuple[int, ...]:
    """Return the seven pitch classes of a key, from its tonic upwards.

    Parameters
    ----------
    key
        Tonic and mode.

    Returns
    -------
    tuple[int, ...]
        Seven pitch classes, 0 to 11, the tonic first.
    """
    return tuple((key.tonic + interval) % 12 for interval in _INTERVALS[key.mode])


def signature(key: Key) -> int:
    """Return the number of sharps, or of flats when negative: -6 to 5.

    Parameters
    ----------
    key
        Tonic and mode.

    Returns
    -------
    int
        Positive for sharps.
    """
    shift = 1 - BRIGHTNESS.index(key.mode)
    return (key.tonic * 7 + shift + 6) % 12 - 6


def circle_steps(start: int, end: int) -> int:
    """Return the shortest way between two tonics in fifths: -5 to 6, positive is sharpwards.

    Parameters
    ----------
    start
        Pitch class of the tonic to start from, 0 to 11.
    end
        Pitch class of the tonic to reach, 0 to 11.

    Returns
    -------
    int
        Fifths; 0 for equal tonics.
    """
    return ((end - start) * 7 + 5) % 12 - 5


def step_toward(current: Key, wanted: Key) -> Key:
    """Return the next key on a gentle way to another.

    One step in the order of brightness and two on the circle of fifths at most, and so few that
    the two keys differ in at most two notes.

    Parameters
    ----------
    current
        The key to leave.
    wanted
        The key to come to in the end.

    Returns
    -------
    Key
        The wanted key itself where one step suffices.
    """
    here, there = BRIGHTNESS.index(current.mode), BRIGHTNESS.index(wanted.mode)
    darker = max(-1, min(1, there - here))
    fifths = max(-2, min(2, circle_steps(current.tonic, wanted.tonic)))
    while abs(fifths - darker) > 2:
        fifths -= 1 if fifths > 0 else -1
    return Key((current.tonic + 7 * fifths) % 12, BRIGHTNESS[here + darker])


def spell(pitch_class: int, key: Key) -> str:
    """Return the name of a pitch class as a score in this key would write it, such as "G#".

    Parameters
    ----------
    pitch_class
        0 to 11, C is 0.
    key
        Tonic and mode.

    Returns
    -------
    str
        A letter, with as many "#" or "b" as it takes.
    """
    tonic = signature(key) + BRIGHTNESS.index(key.mode) - 1
    lowest = tonic - 5
    place = lowest + (pitch_class * 7 - lowest) % 12
    octave, letter = divmod(place + 1, 7)
    return _LETTERS[letter] + ("#" * octave if octave > 0 else "b" * -octave)
