"""Styles by name: the module that has the taste, with the file that has the numbers."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from synth.compose.style import Instrument, Style, StyleSettings
from synth.errors import StyleError
from synth.instruments.patches import PLAIN, SOUNDS
from synth.params import DENSITY_RANGE, TEMPO_RANGE_BPM, Layer
from synth.styles import STYLES

__all__ = ["StyleKind", "load", "names", "read_settings", "read_table"]

#: Makes a style of its numbers and of the name that it is chosen by.
StyleKind = Callable[[StyleSettings, str], Style]

_RANGES: dict[str, tuple[float, float]] = {
    "tempo_bpm": TEMPO_RANGE_BPM,
    "density": DENSITY_RANGE,
    "voices": (3, 5),
    "chord_beats": (2, 8),
    "rhythm_freedom": (0, 1),
    "tension": (0, 1),
    "swing": (0.5, 0.67),
    "swell": (0, 1),
    "low": (21, 108),
    "high": (21, 108),
    "least_onsets": (0, 64),
    "share": (0, 100),
    "usual_onsets": (0, 64),
    "level": (0, 1),
    "channel": (1, 16),
    "program": (1, 128),
}
_WHOLE = ("voices", "low", "high", "channel", "program")
_STYLE_KEYS = ("tempo_bpm", "density", "voices", "chord_beats", "rhythm_freedom")
_FLAVOUR = {"tension": 0.0, "swing": 0.5, "swell": 0.0}  # may be left out
_ONSETS = ("least_onsets", "share", "usual_onsets")
_LAYER_KEYS = ("low", "high", *_ONSETS, "level", "channel", "program")
_SPANS = {Layer.PAD: 24, Layer.BASS: 12, Layer.MELODY: 14, Layer.BELLS: 12, Layer.DRONE: 11}


def names() -> tuple[str, ...]:
    """Return the names of all styles, the default first.

    Returns
    -------
    tuple[str, ...]
        Those of `synth.styles.STYLES`.
    """
    return tuple(STYLES)


def load(name: str, folder: Path) -> Style:
    """Return a style with the numbers of `folder/<name>.toml`.

    Parameters
    ----------
    name
        One of `names`.
    folder
        Where the styles' files are.

    Returns
    -------
    Style
        The style.

    Raises
    ------
    StyleError
        When the name is unknown, or the file is missing or malformed.
    """
    if name not in STYLES:
        raise StyleError(f"no style named {name!r}", hint=f"There are: {', '.join(STYLES)}.")
    module, _, kind = STYLES[name].partition(":")
    make: StyleKind = getattr(import_module(module), kind)
    return make(read_settings(folder / f"{name}.toml"), name)


def read_settings(path: Path) -> StyleSettings:
    """Return the contents of a style's file; errors name the file, the key and the reason.

    Parameters
    ----------
    path
        A TOML file.

    Returns
    -------
    StyleSettings
        Checked: each number lies within its range.

    Raises
    ------
    StyleError
        When it cannot be read, or a key is unknown, missing or out of range.
    """
    table = read_table(path)
    layers = {layer.value: layer for layer in Layer}
    for key in table:
        known = ("title", "like", "sound", "polyphony", *_STYLE_KEYS, *_FLAVOUR)
        if key not in layers and key not in known:
            raise _wrong(path, key, "is unknown", f"Keys: {', '.join(known)}.")
    instruments = tuple(_instrument(path, layers[k], t) for k, t in table.items() if k in layers)
    if not instruments:
        raise _wrong(path, "layers", "are missing", "Add a table such as [pad].")
    sound = _sound(path, table.get("sound", PLAIN))
    numbers = {key: _number(path, key, table, key) for key in _STYLE_KEYS}
    flavour = {key: _number(path, key, _FLAVOUR | table, key) for key in _FLAVOUR}
    return StyleSettings(
        titles=_titles(path, table.get("title")),
        tempo_bpm=numbers["tempo_bpm"],
        density=numbers["density"],
        voices=int(numbers["voices"]),
        polyphony=_polyphony(path, table.get("polyphony"), sound, instruments),
        chord_beats=numbers["chord_beats"],
        rhythm_freedom=numbers["rhythm_freedom"],
        instruments=instruments,
        sound=sound,
        **flavour,
    )


def read_table(path: Path) -> dict[str, Any]:
    """Return what stands in a style's file, unchecked.

    Parameters
    ----------
    path
        A TOML file.

    Returns
    -------
    dict[str, Any]
        Its keys and tables.

    Raises
    ------
    StyleError
        When it cannot be read, or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise StyleError(
            f"{path} cannot be read: {error}", hint="Restore the file that was installed."
        ) from error


def _instrument(path: Path, layer: Layer, table: Any) -> Instrument:
    if not isinstance(table, dict):
        raise _wrong(path, layer.value, "must be a table", f"Write [{layer.value}].")
    for key in table:
        if key not in _LAYER_KEYS:
            where = f"{layer.value}.{key}"
            raise _wrong(path, where, "is unknown", f"Keys: {', '.join(_LAYER_KEYS)}.")
    number = {key: _number(path, f"{layer.value}.{key}", table, key) for key in _LAYER_KEYS}
    low, high = int(number["low"]), int(number["high"])
    span = _SPANS.get(layer, 0)
    if high - low < span:
        raise _wrong(
            path, f"{layer.value}.high", f"must be {span} or more above low", f"Try {low + span}."
        )
    return Instrument(
        layer=layer,
        low=low,
        high=high,
        least_onsets=number["least_onsets"],
        share=number["share"],
        usual_onsets=number["usual_onsets"],
        level=number["level"],
        channel=int(number["channel"]) - 1,
        program=int(number["program"]) - 1,
    )


def _titles(path: Path, title: Any) -> Mapping[str, str]:
    """Return what a style is called, by language; plain text is for all of them."""
    titles = title if isinstance(title, dict) else {"en": title}
    if not all(isinstance(text, str) for text in titles.values()):
        raise _wrong(path, "title", "must be text", 'Write title = "A name".')
    if "en" not in titles:
        raise _wrong(path, "title.en", "is missing", 'Write title = { en = "A name", ... }.')
    return titles


def _sound(path: Path, name: Any) -> str:
    if name not in SOUNDS:
        raise _wrong(path, "sound", f"is {name!r}", f"There are: {', '.join(SOUNDS)}.")
    return str(name)


def _polyphony(path: Path, stated: Any, sound: str, instruments: tuple[Instrument, ...]) -> int:
    """Return the number of voices, which a file that states one must state rightly."""
    parts = SOUNDS[sound].parts
    count = sum(parts[instrument.layer].voices for instrument in instruments)
    if stated not in (None, count):
        raise _wrong(path, "polyphony", f"is {stated!r}", f"Its instruments have {count} voices.")
    return count


def _number(path: Path, where: str, table: dict[str, Any], key: str) -> float:
    low, high = _RANGES[key]
    value = table.get(key)
    hint = f"Allowed: {low:g} to {high:g}."
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(path, where, "must be a number", hint)
    if key in _WHOLE and not isinstance(value, int):
        raise _wrong(path, where, "must be a whole number", hint)
    if not low <= value <= high:
        raise _wrong(path, where, f"is {value:g}, out of range", hint)
    return float(value)


def _wrong(path: Path, key: str, reason: str, hint: str) -> StyleError:
    return StyleError(f"{path}: {key} {reason}", hint=hint)
