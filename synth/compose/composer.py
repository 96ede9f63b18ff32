"""The composer: bar after bar of one piece, steered by parameters and repeatable from a seed."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from random import Random

from synth.compose.arc import shaded, yielding
from synth.compose.arrangement import demands, sung_onsets, touches
from synth.compose.context import BarContext, DraftNote, RhythmSlot
from synth.compose.density import DensityAccount, allot, settle
from synth.compose.ending import close
from synth.compose.form import BEATS_PER_BAR, BarPlace, place
from synth.compose.performance import perform
from synth.compose.phrasing import begun, calmed, opened, prepared, restyled, woken
from synth.compose.piece_state import PieceState
from synth.compose.style import Style
from synth.compose.voices import slots_of
from synth.events import Bar, Note
from synth.params import DENSITY_RANGE, Layer, MusicParams
from synth.theory.chords import diatonic

__all__ = ["Composer"]

_SNAPSHOTS = 16
_RESTING_DENSITY = 0.5  #: up to it, whole bars may pass without a new note
_PLUNGE = 0.4  #: of the density in one step down is a call for calm, met at the next bar


class Composer:
    """Writes a piece bar by bar.

    Key, layers and style change where phrases start; all else follows with the next bar. A plunge
    of the density, as when a listener asks for calm, begins a phrase at once. The sparsest music
    rests for whole bars. A rest closes the phrase on the tonic and is silent from there on; then
    a phrase begins softly with the next bar. Equal style, seed and parameters give equal bars.

    Parameters
    ----------
    style
        What the piece begins in.
    seed
        Chooses the piece; any whole number.
    params
        Those of the beginning: key, layers and whether it rests.
    """

    def __init__(self, style: Style, seed: int, params: MusicParams) -> None:
        self._style = self._coming_style = style
        self._seed = seed
        self._next_id = 0
        self._history: deque[tuple[PieceState, Style]] = deque(maxlen=_SNAPSHOTS)
        self._state = opened(style.settings, params, self._stream)

    @property
    def index(self) -> int:
        """The index of the bar that comes next."""
        return self._state.index

    @property
    def beat(self) -> float:
        """The beat at which the next bar starts."""
        return float(self._state.index * BEATS_PER_BAR)

    @property
    def style(self) -> Style:
        """The style of the bar that was composed last."""
        return self._style

    def restyle(self, style: Style) -> None:
        """Go on in this style from the next bar on that starts a phrase.

        Parameters
        ----------
        style
            The style to come; the last one given before the phrase counts.
        """
        self._coming_style = style

    def bar(self, params: MusicParams) -> Bar:
        """Compose the next bar.

        Parameters
        ----------
        params
            Held within their ranges.

        Returns
        -------
        Bar
            The bar at `index`; without notes while the music rests.
        """
        self._history.append((self._state, self._style))
        state, params, settings = self._state, _within_range(params), self._style.settings
        if params.density <= _PLUNGE * state.density:
            state = replace(calmed(settings, state, params), resting=params.rest)
        where = place(state.index - state.origin)
        if where.first and self._coming_style is not self._style:
            self._style = self._coming_style
            settings = self._style.settings
            state = restyled(settings, state, where, params)
        params = settings.flavoured(params)
        if state.resting and (where.first or not state.layers):
            if params.rest:
                return self._silence(state, where, params)
            state = woken(settings, state, params)
            where = place(0)
        asked, params = params.dynamics, yielding(shaded(params, where), params.dynamics, state)
        if where.first:
            state = begun(settings, state, where, params, self._stream)
        if where.last:
            state = prepared(settings, state, where, params)
        slots = slots_of(settings, state, where, params)
        wanted = demands(
            settings,
            state.layers,
            where,
            slots,
            self._ringing(state),
            holds_chords=self._style.holds_chords,
            sung=sung_onsets(settings, state, where, params),
        )
        allotted = allot(params.density, wanted, state.account)
        if self._rests(state, where, params):
            allotted = tuple((layer, 0, quota) for layer, _, quota in allotted)
        context = self._context(state, where, slots, tuple((n, k) for n, k, _ in allotted))
        drafts = self._style.bar(context, params, self._stream("notes", state.index))
        again = self._struck_again(state)
        ringing = () if state.cut else tuple((n, p, e) for n, p, e, _ in state.ringing)
        played = perform(
            drafts,
            touches(settings, state, where),
            ringing + tuple((note.layer, note.pitch, note.beat + note.beats) for note in again),
            params,
            self._stream("touch", state.index),
            beat=self.beat,
            beats=float(BEATS_PER_BAR),
            first_id=self._next_id + len(again),
        )
        notes = again + played
        self._next_id += len(notes)
        bar = Bar(
            index=state.index,
            beat=self.beat,
            beats=float(BEATS_PER_BAR),
            key=state.key,
            chords=tuple(slot.chord.symbol(state.key) for slot in slots),
            section=str(where),
            phrase_start=where.first,
            notes=notes,
        )
        account = settle(params.density, allotted, _counts(played), state.account)
        after = self._after(state, slots, drafts, notes, account)
        self._state = replace(after, density=params.density, asked=asked, dynamics=params.dynamics)
        return bar

    def rewind(self, index: int) -> None:
        """Forget the bars from `index` on; the next bar composed is that one.

        What sounded on into it is taken as cut off at its bar line and is struck again. Ids are
        never used again.

        Parameters
        ----------
        index
            The bar to compose next; nothing happens when it already is.

        Raises
        ------
        ValueError
            When it is not among the last 16 bars composed.
        """
        if index == self._state.index:
            return
        kept = [(state, style) for state, style in self._history if state.index < index]
        found = [(state, style) for state, style in self._history if state.index == index]
        if not found:
            raise ValueError(f"bar {index} is not among the last {_SNAPSHOTS} composed")
        self._history = deque(kept, maxlen=_SNAPSHOTS)
        state, self._style = found[0]
        self._state = replace(state, cut=True)

    def ending(self, params: MusicParams, *, within_beats: float | None = None) -> Bar:
        """Compose a last, long bar: the dominant, then the tonic, held to the end.

        It has up to sixteen beats: the first theme begins once more. Under four beats
        the tonic is all that is left, and earlier notes may sound into it; a `Cancel` at its beat
        ends them. A piece that rests stays silent: its ending is one beat without notes.

        Parameters
        ----------
        params
            Held within their ranges.
        within_beats
            How long it may be, in beats, 1 at least; None for as long as it takes.

        Returns
        -------
        Bar
            The last bar; its length in beats follows from what must die away.
        """
        self._history.append((self._state, self._style))
        state, params = self._state, self._style.settings.flavoured(_within_range(params))
        params = yielding(params, params.dynamics, state)
        where = place(state.index - state.origin)
        layers = state.layers or state.coming_layers
        ringing = () if state.cut else self._ringing(state)
        drafts, chords, beats = close(
            self._style.settings, replace(state, layers=layers), params, ringing, within_beats
        )
        if state.resting and not state.layers:
            drafts, beats = [], 1.0
        notes = perform(
            drafts,
            touches(self._style.settings, replace(state, layers=layers, entered=()), where),
            () if state.cut else tuple((n, p, e) for n, p, e, _ in state.ringing),
            params,
            self._stream("ending", state.index),
            beat=self.beat,
            beats=beats,
            first_id=self._next_id,
        )
        self._next_id += len(notes)
        bar = Bar(
            index=state.index,
            beat=self.beat,
            beats=beats,
            key=state.key,
            chords=tuple(chord.symbol(state.key) for chord in chords),
            section="ending",
            phrase_start=where.first,
            notes=notes,
        )
        self._state = replace(
            state, index=state.index + -int(-beats // BEATS_PER_BAR), ringing=(), cut=False
        )
        return bar

    def _stream(self, purpose: str, index: int) -> Random:
        return Random(f"{self._seed}/{self._style.name}/{purpose}/{index}")

    def _silence(self, state: PieceState, where: BarPlace, params: MusicParams) -> Bar:
        """Return a bar without notes; what is owed and what sounded before are forgotten."""
        bar = Bar(
            index=state.index,
            beat=self.beat,
            beats=float(BEATS_PER_BAR),
            key=state.key,
            chords=(diatonic(state.key, 0).symbol(state.key),),
            section="rest",
            phrase_start=where.first,
            notes=(),
        )
        self._state = replace(
            state,
            index=state.index + 1,
            layers=(),
            sung=None,
            account=DensityAccount(),
            ringing=(),
            cut=False,
            density=params.density,
            waking=False,
        )
        return bar

    def _rests(self, state: PieceState, where: BarPlace, params: MusicParams) -> bool:
        """Whether this bar starts no note: the second or third of a phrase of sparse music."""
        if params.density > _RESTING_DENSITY or where.first or where.last or state.index == 0:
            return False
        chosen = self._stream("rest", state.index - where.bar).choice((1, 2))
        return where.bar == chosen

    def _context(
        self,
        state: PieceState,
        where: BarPlace,
        slots: tuple[RhythmSlot, ...],
        onsets: tuple[tuple[Layer, int], ...],
    ) -> BarContext:
        return BarContext(
            index=state.index,
            place=where,
            key=state.key,
            slots=slots,
            theme=state.theme,
            register=state.register,
            onsets=onsets,
            ringing=self._ringing(state),
            sung=state.sung,
        )

    def _ringing(self, state: PieceState) -> tuple[tuple[Layer, int, float], ...]:
        return tuple((n, p, e - self.beat) for n, p, e, _ in state.ringing)

    def _struck_again(self, state: PieceState) -> tuple[Note, ...]:
        """Return what a cancelled bar line has cut off, from the bar line on."""
        if not state.cut:
            return ()
        left = [(n, p, e - self.beat, v) for n, p, e, v in state.ringing if e - self.beat >= 0.25]
        return tuple(
            Note(self._next_id + number, self.beat, beats, pitch, velocity, layer)
            for number, (layer, pitch, beats, velocity) in enumerate(left)
        )

    def _after(
        self,
        state: PieceState,
        slots: tuple[RhythmSlot, ...],
        drafts: list[DraftNote],
        notes: tuple[Note, ...],
        account: DensityAccount,
    ) -> PieceState:
        end = self.beat + BEATS_PER_BAR
        tune = sorted((d.at, d.pitch) for d in drafts if d.layer is Layer.MELODY)
        still = () if state.cut else tuple(r for r in state.ringing if r[2] > end)
        sounding = tuple(
            (n.layer, n.pitch, n.beat + n.beats, n.velocity)
            for n in notes
            if n.beat + n.beats > end
        )
        return replace(
            state,
            index=state.index + 1,
            voices=slots[-1].voices,
            bass=slots[-1].bass,
            sung=tune[-1][1] if tune else state.sung,
            account=account,
            ringing=still + sounding,
            cut=False,
        )


def _counts(notes: tuple[Note, ...]) -> tuple[tuple[Layer, int], ...]:
    counts = dict.fromkeys(Layer, 0)
    for note in notes:
        counts[note.layer] += 1
    return tuple(counts.items())


def _within_range(params: MusicParams) -> MusicParams:
    low, high = DENSITY_RANGE
    return replace(
        params,
        density=max(low, min(high, params.density)),
        dynamics=max(0.0, min(1.0, params.dynamics)),
        tension=max(0.0, min(1.0, params.tension)),
        articulation=max(0.0, min(1.0, params.articulation)),
    )
