"""Ways to sound a chord: held, broken, comped, as a bass line, a drone, or bells in loops."""

from __future__ import annotations

from random import Random

from synth.compose.context import BarContext, DraftNote, RhythmSlot
from synth.compose.form import BEATS_PER_BAR
from synth.compose.rhythm import CELLS, METRIC_WEIGHTS, spread
from synth.params import Layer

__all__ = [
    "bass_line",
    "bells",
    "breath",
    "broken",
    "comped",
    "drone",
    "held",
]


#: Where chords are struck, in beats, in the order in which a denser bar takes them up.
_COMPING = (0.0, 2.5, 1.5, 3.5, 1.0, 3.0, 0.5, 2.0)


def held(context: BarContext, *, onsets: int, articulation: float, tie: bool) -> list[DraftNote]:
    """Return a pad: each voice starts with its chord, and again within it if notes are left.

    Parameters
    ----------
    context
        The bar to fill.
    onsets
        How many notes may start in the bar.
    articulation
        0 short and separate to 1 fully tied.
    tie
        Whether a voice that the next chord keeps is tied over.

    Returns
    -------
    list[DraftNote]
        With fewer notes than voices the upper ones.
    """
    starts = [slot.at for slot in context.slots]
    grid = [half / 2 for step in (4, 2, 1) for half in range(0, 2 * BEATS_PER_BAR, step)]
    top_down = range(len(context.slots[0].voices) - 1, -1, -1)
    order = [(at, voice) for voice in top_down for at in starts]
    order += [(at, voice) for at in dict.fromkeys(grid) if at not in starts for voice in top_down]
    strikes: list[tuple[float, int, RhythmSlot]] = []
    busy_until = context.ringing_until(Layer.PAD)
    for (at, voice), slot in zip(order, context.slots_at([at for at, _ in order]), strict=True):
        if busy_until.get(slot.voices[voice], 0.0) <= at:
            strikes.append((at, voice, slot))
    chosen = sorted(strikes[:onsets], key=lambda s: (s[0], s[1]))
    drafts = []
    for at, voice, slot in chosen:
        later = [a for a, v, s in chosen if v == voice and a > at and s is slot]
        pitch = slot.voices[voice]
        end = slot.at + slot.beats
        if later:
            beats = (later[0] - at) * (0.5 + 0.5 * articulation)
        elif tie and slot.after and slot.after[voice] == pitch and end >= BEATS_PER_BAR:
            beats = end - at + slot.after_beats
        else:
            beats = (end - at) * (0.7 + 0.3 * articulation)
        drafts.append(
            DraftNote(at, beats, pitch, 0.35 + 0.3 * METRIC_WEIGHTS[int(at * 4)], Layer.PAD)
        )
    return drafts


def broken(
    context: BarContext, layer: Layer, *, onsets: int, articulation: float, shift: int, order: str
) -> list[DraftNote]:
    """Return a chord's voices one after another, `shift` semitones away, evenly over the bar.

    Parameters
    ----------
    context
        The bar to fill.
    layer
        The layer the notes are for.
    onsets
        How many notes may start in the bar.
    articulation
        0 short and separate to 1 fully tied.
    shift
        Semitones up.
    order
        "up", "wave" (up and down) or "alberti" (low, high, middle, high).

    Returns
    -------
    list[DraftNote]
        In order of time, then octaves that thicken what had no room.
    """
    drafts = []
    cells = spread(onsets) if onsets else ()
    slots = context.slots_at([cell / 4 for cell in cells])
    for number, (cell, slot) in enumerate(zip(cells, slots, strict=True)):
        at = cell / 4
        pattern = _pattern(len(slot.voices), order)
        turn = sum(slot.at <= earlier / 4 for earlier in cells[:number])
        pitch = slot.voices[pattern[turn % len(pattern)]] + shift
        gap = (cells[number + 1] if number + 1 < len(cells) else 16) / 4 - at
        beats = gap * (0.4 + 0.6 * articulation)
        if articulation > 0.6:
            beats = min(slot.at + slot.beats, BEATS_PER_BAR) - at
        drafts.append(DraftNote(at, beats, pitch, 0.3 + 0.35 * METRIC_WEIGHTS[cell], layer))
    extra = onsets - len(cells)
    return drafts + _doubled(context, drafts, extra, layer)


def bass_line(
    context: BarContext, *, onsets: int, articulation: float, high: int, pulse: bool
) -> list[DraftNote]:
    """Return the bass: chord roots where chords start, then fifths, octaves and repeats.

    Parameters
    ----------
    context
        The bar to fill.
    onsets
        How many notes may start in the bar.
    articulation
        0 short and separate to 1 fully tied.
    high
        The highest MIDI note.
    pulse
        Puts further notes on the off-beats; otherwise they fall on the beats and the last one
        sounds as long as its chord.

    Returns
    -------
    list[DraftNote]
        In order of time, none before earlier bass notes have ended.
    """
    order: list[tuple[float, int]] = []
    for slot in context.slots:
        if slot.fresh:
            order.append((slot.at, slot.bass))
    inner = (2.0, 3.0, 1.0, 0.0, 3.5, 1.5, 2.5, 0.5)
    if pulse:
        inner = (1.5, 3.0, 0.0, 2.0, 3.5, 0.5, 2.5, 1.0)
    for number, (at, slot) in enumerate(zip(inner, context.slots_at(inner), strict=True)):
        pitch, fifth = slot.bass, slot.bass + 7
        if pulse and number in (1, 4) and slot.bass + 12 <= high:
            pitch = slot.bass + 12
        elif not pulse and number in (0, 4, 6) and fifth <= high:
            pitch = fifth if fifth % 12 in slot.chord.pitch_classes else slot.bass
        if all(at != taken for taken, _ in order):
            order.append((at, pitch))
    busy_until = max((end for name, _, end in context.ringing if name is Layer.BASS), default=0.0)
    chosen = sorted([note for note in order if note[0] >= busy_until - 0.1][:onsets])
    drafts = []
    slots = context.slots_at([at for at, _ in chosen])
    for number, ((at, pitch), slot) in enumerate(zip(chosen, slots, strict=True)):
        end = slot.at + slot.beats
        if number + 1 < len(chosen):
            end = min(end, chosen[number + 1][0])
        elif pulse:
            end = min(end, float(BEATS_PER_BAR))
        beats = (end - at) * (0.35 + 0.63 * articulation)
        accent = 0.4 + 0.4 * METRIC_WEIGHTS[int(at * 4)]
        drafts.append(DraftNote(at, beats, pitch, accent, Layer.BASS))
    return drafts


def drone(context: BarContext, *, onsets: int, low: int, bars: int) -> list[DraftNote]:
    """Return the tonic, and with a second note its fifth, held for some bars from a phrase on.

    Parameters
    ----------
    context
        The bar to fill.
    onsets
        How many notes may start in the bar.
    low
        The tonic is the first one from this MIDI note on.
    bars
        How long it is held, and how often it is struck anew: in the bars that this divides.

    Returns
    -------
    list[DraftNote]
        One note or two; none in between.
    """
    if context.place.bar % bars or not onsets:
        return []
    root = low + (context.key.tonic - low) % 12
    length = float(bars * BEATS_PER_BAR)
    pitches = (root, root + 7)[: min(onsets, 2)]
    return [DraftNote(0.0, length, pitch, 0.4, Layer.DRONE) for pitch in pitches]


def breath(context: BarContext, *, onsets: int, low: int) -> list[DraftNote]:
    """Return the tonic, its fifth and its octave, begun with the in-breath and let go after it.

    The instrument's slow attack and release make the swell; a pair of bars is one breath.

    Parameters
    ----------
    context
        The bar to fill.
    onsets
        How many notes may start in the bar.
    low
        The tonic is the first one from this MIDI note on.

    Returns
    -------
    list[DraftNote]
        Up to three notes in bars of even index, none in the others.
    """
    if context.index % 2:
        return []
    root = low + (context.key.tonic - low) % 12
    pitches = (root, root + 7, root + 12)[: min(onsets, 3)]
    return [DraftNote(0.0, float(BEATS_PER_BAR), pitch, 0.4, Layer.DRONE) for pitch in pitches]


def comped(context: BarContext, *, onsets: int, articulation: float) -> list[DraftNote]:
    """Return whole chords struck where they begin and then in the gaps of the beat.

    The last chord that the notes do not suffice for has its upper voices only.

    Parameters
    ----------
    context
        The bar to fill.
    onsets
        How many notes may start in the bar.
    articulation
        0 short and separate to 1 fully tied.

    Returns
    -------
    list[DraftNote]
        In order of time.
    """
    starts = [slot.at for slot in context.slots]
    places = starts + [at for at in _COMPING if at not in starts]
    strikes = [
        (at, slot.voices[voice])
        for at, slot in zip(places, context.slots_at(places), strict=True)
        for voice in range(len(context.slots[0].voices) - 1, -1, -1)
    ]
    chosen = sorted(strikes[:onsets])
    struck = sorted({at for at, _ in chosen})
    drafts = []
    slots = context.slots_at([at for at, _ in chosen])
    for (at, pitch), slot in zip(chosen, slots, strict=True):
        later = [other for other in struck if other > at]
        end = min([*later, slot.at + slot.beats, float(BEATS_PER_BAR)])
        beats = (end - at) * (0.35 + 0.6 * articulation)
        accent = 0.35 + 0.25 * METRIC_WEIGHTS[int(at * 4)]
        drafts.append(DraftNote(at, beats, pitch, accent, Layer.PAD))
    return drafts


def _pattern(voices: int, order: str) -> list[int]:
    upwards = list(range(voices))
    if order == "up":
        return upwards
    if order == "alberti":
        top = voices - 1
        return [0, top, top // 2, top]
    return upwards + upwards[-2:0:-1]


def _doubled(
    context: BarContext, drafts: list[DraftNote], extra: int, layer: Layer
) -> list[DraftNote]:
    """Thicken the strongest notes by an octave when the grid has no room left."""
    strong = sorted(drafts, key=lambda d: (-METRIC_WEIGHTS[int(d.at * 4)], d.at))
    return [
        DraftNote(d.at, d.beats, d.pitch + 12, d.accent * 0.8, layer)
        for d in strong[: max(0, extra)]
    ]


_LOOPS_CELLS = (19, 23, 29, 37, 41)  #: sixteenths; primes share no period


def bells(context: BarContext, rng: Random, *, onsets: int, low: int, high: int) -> list[DraftNote]:
    """Return bell tones on chord tones between two pitches, each ringing for some beats.

    Loops that come round in this bar go first; what is left of the budget falls on off-beats.

    Parameters
    ----------
    context
        The bar to fill.
    rng
        The only source of chance; equal streams give equal results.
    onsets
        How many notes may start in the bar.
    low
        The lowest MIDI note.
    high
        The highest MIDI note; an octave above `low` at least.

    Returns
    -------
    list[DraftNote]
        In no order, each 0.75 to 3 beats long.
    """
    start = context.index * CELLS
    due = []
    for number, length in enumerate(_LOOPS_CELLS):
        first = -start % length
        due += [(cell, number) for cell in range(first, CELLS, length)]
    spare = [(cell, cell) for cell in rng.sample(range(CELLS), CELLS)]
    drafts: list[DraftNote] = []
    taken: list[tuple[int, int]] = []
    for cell, number in due + spare:
        if len(drafts) == onsets:
            break
        slot = context.slot_at(cell / 4)
        home = low + (number * 5 + 3) % max(1, high - low)
        classes = slot.chord.pitch_classes
        tones = [p for p in range(low, high + 1) if p % 12 in classes]
        pitch = min(tones, key=lambda p: abs(p - home))
        if (cell, pitch) in taken:
            continue
        taken.append((cell, pitch))
        beats = max(0.75, min(3.0, slot.at + slot.beats - cell / 4))
        drafts.append(DraftNote(cell / 4, beats, pitch, 0.3 + 0.3 * rng.random(), Layer.BELLS))
    return drafts
