"""What a phrase brings along: key, layers, harmony and motif, and what prepares the next one.

Pure functions from one state of the composer to another; `settings` are those of the style.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

from synth.compose.arc import destination, sounding
from synth.compose.arrangement import playable, usual_onsets
from synth.compose.density import DensityAccount
from synth.compose.form import BEATS_PER_BAR, PHRASES, SECTION_BARS, BarPlace, place
from synth.compose.harmony import ChordChange, homecoming, modulation, phrase
from synth.compose.memory import recalled
from synth.compose.piece_state import SILENT, PieceState
from synth.compose.settling import Ground
from synth.compose.style import StyleSettings, pitch_range
from synth.compose.voices import next_bass, starting_voices
from synth.params import Key, Layer, MusicParams
from synth.theory.scales import step_toward

__all__ = ["begun", "calmed", "opened", "prepared", "restyled", "woken"]

_SPARSE_DENSITY = 0.75  #: below, chords last two bars
_LAST_BAR = 12.0  #: beat of a phrase from which on the next one is prepared


def opened(
    settings: StyleSettings, params: MusicParams, stream: Callable[[str, int], Random]
) -> PieceState:
    """Return the state before the first bar, in which nothing has sounded yet.

    Parameters
    ----------
    settings
        The numbers of the style.
    params
        What the music should be like.
    stream
        Gives the random numbers of a purpose and an index, always the same ones.

    Returns
    -------
    PieceState
        At bar 0, with every wanted layer to come.
    """
    return PieceState(
        index=0,
        key=params.key,
        coming_key=params.key,
        goal=params.key,
        wish=params.key,
        turned=-SECTION_BARS,
        layers=(),
        coming_layers=_players(settings, params, 0),
        entered=(),
        changes=(),
        theme=SILENT,
        voices=starting_voices(settings, params),
        bass=next_bass(settings, None, params.key.tonic),
        sung=None,
        account=DensityAccount(),
        ringing=(),
        cut=False,
        resting=params.rest,
    )


def calmed(settings: StyleSettings, state: PieceState, params: MusicParams) -> PieceState:
    """Let the form begin again with this bar, so that layers fall silent at once.

    Parameters
    ----------
    settings
        The numbers of the style.
    state
        The piece as it stands.
    params
        What the music should be like.

    Returns
    -------
    PieceState
        The state whose form counts from this bar.
    """
    layers = _players(settings, params, 0)
    return replace(state, origin=state.index, coming_key=state.key, coming_layers=layers)


def woken(settings: StyleSettings, state: PieceState, params: MusicParams) -> PieceState:
    """Begin a phrase with this bar, whose layers all enter anew.

    Parameters
    ----------
    settings
        The numbers of the style.
    state
        The piece as it stands.
    params
        What the music should be like.

    Returns
    -------
    PieceState
        The state of a piece that no longer rests.
    """
    calm = calmed(settings, replace(state, layers=()), params)
    return replace(calm, resting=False, waking=True)


def restyled(
    settings: StyleSettings, state: PieceState, where: BarPlace, params: MusicParams
) -> PieceState:
    """Take another style up; its voices start where its own instruments can play.

    Parameters
    ----------
    settings
        Those of the style to take up.
    state
        The piece as it stands.
    where
        The bar's place in the form.
    params
        What the music should be like.

    Returns
    -------
    PieceState
        The state with new voices, a new line and nothing owed.
    """
    return replace(
        state,
        coming_layers=() if state.resting else _players(settings, params, where.section),
        voices=starting_voices(settings, params),
        bass=next_bass(settings, None, state.coming_key.tonic),
        sung=None,
        account=DensityAccount(),
    )


def begun(
    settings: StyleSettings,
    state: PieceState,
    where: BarPlace,
    params: MusicParams,
    stream: Callable[[str, int], Random],
) -> PieceState:
    """Begin a phrase: what was prepared comes true, with the harmony and the theme that are its.

    Parameters
    ----------
    settings
        The numbers of the style.
    state
        The piece as it stands.
    where
        The bar's place in the form.
    params
        What the music should be like.
    stream
        Gives the random numbers of a purpose and an index, always the same ones.

    Returns
    -------
    PieceState
        The state in its new key and layers, with the chords of four bars.
    """
    layers, key = state.coming_layers, state.coming_key
    changes = _chords(settings, state, where, params, stream)
    memory, theme = state.memory, SILENT
    if Layer.MELODY in layers:
        places = (where, where)
        if where.theme == "A" and where.name != "A2":  # it opens a section and closes it
            places = (BarPlace(where.section, 0, 0), BarPlace(where.section, PHRASES - 1, 0))
        chords, later = (_chords(settings, state, each, params, stream) for each in places)
        low, high = pitch_range(settings.instrument(Layer.MELODY), params.register)
        ground = Ground(key, chords, later, low, high)
        counts = usual_onsets(settings, playable(settings, params.layers), params.density)
        freedom = settings.rhythm_freedom
        memory, theme = recalled(memory, where, ground, counts, freedom, stream)
    fresh = state.waking and not state.layers
    return replace(
        state,
        waking=fresh,
        key=key,
        turned=state.index if key != state.key else state.turned,
        layers=layers,
        entered=tuple(x for x in layers if x not in state.layers) if state.index else (),
        changes=changes,
        theme=theme,
        register=params.register,
        memory=memory,
    )


def _chords(
    settings: StyleSettings,
    state: PieceState,
    where: BarPlace,
    params: MusicParams,
    stream: Callable[[str, int], Random],
) -> tuple[ChordChange, ...]:
    """Return the chords of a phrase; those of a theme are the same ones whenever it comes."""
    return phrase(
        state.coming_key,
        where,
        tension=params.tension,
        chord_beats=8.0 if params.density < _SPARSE_DENSITY else settings.chord_beats,
        home=state.coming_key != state.key,
        rng=stream(f"harmony {where.theme}", where.harmony),
    )


def prepared(
    settings: StyleSettings, state: PieceState, where: BarPlace, params: MusicParams
) -> PieceState:
    """Prepare the next phrase in the last bar of this one: by a bridge, or by coming home.

    Parameters
    ----------
    settings
        The numbers of the style.
    state
        The piece as it stands.
    where
        The bar's place in the form.
    params
        What the music should be like.

    Returns
    -------
    PieceState
        The state that knows the next key and layers.
    """
    following = place(state.index - state.origin + 1)
    goal = destination(params.key, following.section)
    stays = params.rest or (params.key == state.wish and _stays(state, goal))
    coming = state.key if stays else step_toward(state.key, goal)
    changes = state.changes
    before = tuple(change for change in changes if change.at < _LAST_BAR)
    if params.rest:
        changes = before + homecoming(state.key, tension=params.tension)
    elif coming != state.key:
        bridge = modulation(state.key, coming, full=where.closes_section, tension=params.tension)
        changes = before + bridge
    return replace(
        state,
        coming_key=coming,
        goal=goal if coming != state.key else state.goal,
        wish=state.wish if params.rest else params.key,
        coming_layers=() if params.rest else _players(settings, params, following.section),
        changes=changes,
        resting=params.rest,
    )


def _players(settings: StyleSettings, params: MusicParams, section: int) -> tuple[Layer, ...]:
    """Return who plays in a section, of those that are asked for."""
    asked = playable(settings, params.layers)
    return sounding(settings, asked, section, params.density * BEATS_PER_BAR)


def _stays(state: PieceState, goal: Key) -> bool:
    """Whether the form keeps a key that was arrived at, for a section before it leaves again."""
    arrived = state.key == state.goal
    return arrived and goal != state.key and state.index + 1 - state.turned < SECTION_BARS
