"""The chords of a phrase: a weighted walk from tonic to subdominant to dominant, and home."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random

from synth.compose.form import BEATS_PER_BAR, BarPlace
from synth.params import Key, Mode
from synth.theory.chords import QUALITIES, Chord, diatonic
from synth.theory.scales import scale

__all__ = [
    "ChordChange",
    "ChordFunction",
    "cadence",
    "dominant",
    "homecoming",
    "modulation",
    "phrase",
]


class ChordFunction(StrEnum):
    """What a chord does: rest, lead away, or ask for rest."""

    TONIC = "T"
    SUBDOMINANT = "S"
    DOMINANT = "D"


@dataclass(frozen=True, slots=True)
class ChordChange:
    """A chord from `at` on, in beats of the phrase, for `beats`."""

    at: float
    beats: float
    chord: Chord  #: with its bass
    function: ChordFunction  #: what it does in the phrase


_T, _S, _D = ChordFunction.TONIC, ChordFunction.SUBDOMINANT, ChordFunction.DOMINANT

# Degrees by mode with function and weight. Our own choice: the mode's characteristic chord is
# frequent, its diminished triad absent.
_DEGREES: dict[Mode, tuple[tuple[int, ChordFunction, float], ...]] = {
    Mode.LYDIAN: ((0, _T, 6), (2, _T, 1), (5, _T, 0.5), (1, _S, 1.6), (5, _S, 0.6), (4, _D, 2)),
    Mode.IONIAN: ((0, _T, 3), (5, _T, 1.6), (2, _T, 0.6), (3, _S, 2), (1, _S, 1.5), (4, _D, 2)),
    Mode.MIXOLYDIAN: ((0, _T, 6), (5, _T, 0.4), (6, _S, 1.6), (3, _S, 0.6), (4, _D, 2), (6, _D, 1)),
    Mode.DORIAN: ((0, _T, 6), (2, _T, 1), (3, _S, 1.6), (6, _S, 0.5), (4, _D, 2.2), (6, _D, 0.5)),
    Mode.AEOLIAN: ((0, _T, 4), (2, _T, 0.3), (5, _S, 1), (3, _S, 2), (6, _D, 0.4), (4, _D, 1.6)),
    Mode.PHRYGIAN: ((0, _T, 6), (2, _T, 1), (1, _S, 0.8), (3, _S, 1.4), (6, _D, 1)),
}
_NEXT: dict[ChordFunction, tuple[tuple[ChordFunction, float], ...]] = {
    _T: ((_T, 0.3), (_S, 0.5), (_D, 0.2)),
    _S: ((_T, 0.3), (_S, 0.2), (_D, 0.5)),
    _D: ((_T, 0.8), (_S, 0.1), (_D, 0.1)),
}
#: Liking for a root's move in semitones upwards: a fifth down (5), a third down (8, 9), a step.
_ROOT_MOVE = (0.0, 0.9, 1.2, 0.6, 0.7, 1.5, 0.3, 0.9, 1.2, 1.3, 1.0, 0.8)
#: What a triad may become for the sake of one more tone.
_WITH_ONE_MORE = {"": ("add9", "7", "maj7"), "m": ("m7", "madd9")}
#: Modes that only a lasting tonic tells from their relatives: it stays in the bass.
_PEDAL = (Mode.LYDIAN, Mode.MIXOLYDIAN, Mode.DORIAN, Mode.PHRYGIAN)
_DWELLING = {  # the share of phrases whose first chord lasts two bars
    Mode.LYDIAN: 0.6, Mode.MIXOLYDIAN: 0.9, Mode.DORIAN: 0.75, Mode.AEOLIAN: 0.4,
    Mode.PHRYGIAN: 1.0,
}  # fmt: skip
_MODAL_CADENCE = {Mode.PHRYGIAN: 1}


def dominant(key: Key, *, seventh: bool) -> Chord:
    """Return the chord that asks for this key's tonic.

    The major chord on the fifth degree, with the leading tone raised where the mode lacks it;
    Phrygian, whose second degree forbids that, has the major chord on its flat second.

    Parameters
    ----------
    key
        Tonic and mode.
    seventh
        Whether it may have one; Phrygian's never has.

    Returns
    -------
    Chord
        In root position.
    """
    if key.mode is Mode.PHRYGIAN:
        return diatonic(key, 1)
    root = (key.tonic + 7) % 12
    return Chord(root, "7" if seventh else "", root)


def phrase(
    key: Key, place: BarPlace, *, tension: float, chord_beats: float, home: bool, rng: Random
) -> tuple[ChordChange, ...]:
    """Return the chords of a phrase of four bars, which end in a half or a full cadence.

    The walk depends on the stream alone.

    Parameters
    ----------
    key
        The key of the whole phrase.
    place
        That of its first bar.
    tension
        Harmonic tension, 0 to 1.
    chord_beats
        The usual length of a chord, 2 to 8 beats.
    home
        Makes a contrasting phrase begin on the tonic too, as it must after a change of key.
    rng
        Phrases that share a stream share their chords up to the cadence.

    Returns
    -------
    tuple[ChordChange, ...]
        In order and without gaps over the phrase's 16 beats.
    """
    starts = _starts(chord_beats, tension, rng, dwelling=_DWELLING.get(key.mode, 0.0))
    body: list[ChordChange] = []
    opening = _T if home or place.theme == "A" else _S
    degree, function = (0, _T) if opening is _T else _pick(key, _S, 4, rng)
    for number, (at, beats) in enumerate(starts):
        if number:
            function = _weighted(_NEXT[function], rng)
            if function is _D and number == len(starts) - 1:
                function = _S  # the cadence's own dominant comes next
            degree, function = _pick(key, function, degree, rng)
        chord = _coloured(key, degree, function, tension, rng, plain=number == 0)
        if key.mode in _PEDAL:
            chord = _over_tonic(key, chord)
        body.append(ChordChange(at, beats, chord, function))
    if place.closes_section:
        at = body[-1].at
        body[-1] = ChordChange(at, body[-1].beats, cadence(key, tension, strong=True), _D)
        close = ChordChange(12.0, 4.0, diatonic(key, 0), _T)
        return (*_with_secondary_dominants(key, body, tension, rng), close)
    body = _with_secondary_dominants(key, body, tension, rng)
    final = cadence(key, tension, strong=place.phrase == 1 and chord_beats < 8)
    if key.mode in _PEDAL:
        return (
            *body,
            ChordChange(12.0, 2.0, diatonic(key, 0), _T),
            ChordChange(14.0, 2.0, final, _D),
        )
    approached = key.mode is Mode.AEOLIAN or rng.random() < 0.6
    if chord_beats < 8 and body[-1].function is not _S and approached:
        degree, _ = _pick(key, _S, None, rng)
        return (
            *body,
            ChordChange(12.0, 2.0, _coloured(key, degree, _S, tension, rng), _S),
            ChordChange(14.0, 2.0, final, _D),
        )
    return (*body, ChordChange(12.0, 4.0, final, _D))


def cadence(key: Key, tension: float, *, strong: bool) -> Chord:
    """Return the dominant of a cadence inside a key, in the mode's own colour.

    Parameters
    ----------
    key
        Tonic and mode.
    tension
        Harmonic tension, 0 to 1.
    strong
        A strong one raises the leading tone of Aeolian.

    Returns
    -------
    Chord
        In root position.
    """
    if strong and key.mode is Mode.AEOLIAN:
        return dominant(key, seventh=tension > 0.3)
    degree = _MODAL_CADENCE.get(key.mode, 4)
    common = key.mode is Mode.PHRYGIAN  # its chord's seventh is the tonic
    return diatonic(key, degree, seventh=common or tension > 0.5)


def modulation(current: Key, coming: Key, *, full: bool, tension: float) -> tuple[ChordChange, ...]:
    """Return the last bar of a phrase that leads into another key.

    A pivot, best a subdominant of the coming key, belongs to both; the coming key's dominant
    follows.

    Parameters
    ----------
    current
        The key that the phrase is in.
    coming
        The key of the next phrase.
    full
        Whether a full cadence came before: then the old tonic is the pivot if the coming key
        has it.
    tension
        Harmonic tension, 0 to 1.

    Returns
    -------
    tuple[ChordChange, ...]
        Two chords of two beats, from beat 12 of the phrase on.
    """
    pivot = _pivot(current, coming, full=full)
    final = dominant(coming, seventh=tension > 0.15)
    return (ChordChange(12.0, 2.0, pivot, _S), ChordChange(14.0, 2.0, final, _D))


def homecoming(key: Key, *, tension: float) -> tuple[ChordChange, ...]:
    """Return the last bar of a phrase after which the music rests: dominant and tonic.

    Parameters
    ----------
    key
        Tonic and mode.
    tension
        Harmonic tension, 0 to 1.

    Returns
    -------
    tuple[ChordChange, ...]
        Two chords of two beats, from beat 12 of the phrase on.
    """
    final = cadence(key, tension, strong=True)
    return (ChordChange(12.0, 2.0, final, _D), ChordChange(14.0, 2.0, diatonic(key, 0), _T))


def _pivot(current: Key, coming: Key, *, full: bool) -> Chord:
    home = diatonic(current, 0)
    theirs = scale(coming)
    if full and all(tone in theirs for tone in home.pitch_classes):
        return home
    ours = scale(current)
    liked = sorted(_DEGREES[coming.mode], key=lambda d: (d[1] is not _S, d[1] is _D, -d[2]))
    for degree, _, _ in liked:
        chord = diatonic(coming, degree)
        if all(tone in ours for tone in chord.pitch_classes):
            return chord
    return home


def _starts(
    chord_beats: float, tension: float, rng: Random, *, dwelling: float
) -> list[tuple[float, float]]:
    """Return where chords start and how long they last; the first often has two bars."""
    if chord_beats >= 8:
        return [(0.0, 8.0), (8.0, 4.0)]
    if rng.random() < dwelling:
        return (
            [(0.0, 8.0), (8.0, 2.0), (10.0, 2.0)] if chord_beats < 4 else [(0.0, 8.0), (8.0, 4.0)]
        )
    starts: list[tuple[float, float]] = []
    split = (0.75 if chord_beats < 4 else 0.1) + 0.25 * tension
    for bar in range(3):
        at = float(bar * BEATS_PER_BAR)
        if rng.random() < split and bar:
            starts += [(at, 2.0), (at + 2.0, 2.0)]
        else:
            starts.append((at, 4.0))
    return starts


def _weighted(options: tuple[tuple[ChordFunction, float], ...], rng: Random) -> ChordFunction:
    return rng.choices([o for o, _ in options], [w for _, w in options])[0]


def _pick(
    key: Key, function: ChordFunction, last: int | None, rng: Random
) -> tuple[int, ChordFunction]:
    notes = scale(key)
    options, weights = [], []
    for degree, what, weight in _DEGREES[key.mode]:
        if what is function and degree != last:
            move = 0 if last is None else (notes[degree] - notes[last]) % 12
            options.append(degree)
            weights.append(weight * (1.0 if last is None else _ROOT_MOVE[move]))
    if not options:
        return _pick(key, _T if function is not _T else _D, last, rng)
    return rng.choices(options, weights)[0], function


def _coloured(
    key: Key,
    degree: int,
    function: ChordFunction,
    tension: float,
    rng: Random,
    *,
    plain: bool = False,
) -> Chord:
    """Return a degree's chord with the sevenths, suspensions and loans that tension allows."""
    draws = [rng.random() for _ in range(4)]
    chord = diatonic(key, degree)
    notes = scale(key)
    if draws[0] < 0.12 * (tension - 0.35) and function is _S and not plain:
        return _borrowed(key, degree)
    if draws[1] < 0.7 * tension and not plain:
        chord = diatonic(key, degree, seventh=True)
    elif draws[2] < 0.3 * tension:
        suspended = "sus4" if function is _D else "sus2"
        if all((chord.root + i) % 12 in notes for i in QUALITIES[suspended]):
            chord = Chord(chord.root, suspended, chord.root)
    elif draws[2] > 0.75 and chord.quality in ("", "m") and (chord.root + 2) % 12 in notes:
        chord = Chord(chord.root, chord.quality + "add9", chord.root)
    if draws[3] < 0.2 and not plain and chord.quality in ("", "m", "7", "m7", "maj7"):
        chord = replace(chord, bass=chord.pitch_classes[1])
    return chord


def _over_tonic(key: Key, chord: Chord) -> Chord:
    """Return a chord over the tonic in the bass, with the tonic among its tones where it fits."""
    notes = scale(key)
    for quality in (chord.quality, *_WITH_ONE_MORE.get(chord.quality, ())):
        tones = [(chord.root + interval) % 12 for interval in QUALITIES[quality]]
        if key.tonic in tones and all(tone in notes for tone in tones):
            return Chord(chord.root, quality, key.tonic)
    return replace(chord, bass=key.tonic)


def _borrowed(key: Key, degree: int) -> Chord:
    """Return the same degree from the parallel mode on the other side: iv in major, IV in minor."""
    bright = key.mode in (Mode.LYDIAN, Mode.IONIAN, Mode.MIXOLYDIAN)
    return diatonic(Key(key.tonic, Mode.AEOLIAN if bright else Mode.DORIAN), degree)


def _with_secondary_dominants(
    key: Key, body: list[ChordChange], tension: float, rng: Random
) -> list[ChordChange]:
    """Put a dominant of the next chord before it, where tension allows."""
    result = list(body)
    for number in range(1, len(body) - 1):
        target = body[number + 1].chord
        if rng.random() < 0.2 * (tension - 0.45) and "dim" not in target.quality:
            root = (target.root + 7) % 12
            result[number] = replace(body[number], chord=Chord(root, "7", root), function=_D)
    return result
