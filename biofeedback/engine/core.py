"""The pure core of a session: inputs in, decisions and notes out.

No clock, no I/O, no thread, no global random number. Whoever feeds the same inputs in the same
order gets the same values, byte for byte; `record.verify` does exactly that.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence

import msgspec

from biofeedback.control.build import ControlSettings, build
from biofeedback.control.curves import Palette
from biofeedback.control.override import OverrideRequest
from biofeedback.control.phases import Phase
from biofeedback.engine.command_validation import parse_rating
from biofeedback.engine.events import Derived, WindowRequest
from biofeedback.engine.inputs import TICK_S, BarRequest, Command, ExternalClock, Input, Tick
from biofeedback.group.settings import GroupSettings
from biofeedback.group.subjects import SingleSubject, SubjectEvent, SubjectGroup, Subjects
from biofeedback.metrics.bank import MetricSettings
from biofeedback.metrics.beats import Beat
from biofeedback.metrics.scr import Scr
from biofeedback.metrics.windowed import Window, WindowResult
from biofeedback.state.baseline import Baseline
from biofeedback.state.estimator import EstimatorSettings
from sensors.base import SensorStatus
from sensors.signals import Chunk, Gap
from synth.compose.composer import Composer
from synth.compose.style import Style
from synth.events import Bar, Cancel
from synth.params import MusicParams
from synth.tempo_map import STANDSTILL_BPM, TempoMap, TempoSegment, entry

__all__ = ["Core", "CoreSettings"]

#: From the first bar request to its first beat: time for players to get ready.
START_LEAD_S = 0.5
#: A tempo change holds this long after its tick, so that every player knows it in time.
TEMPO_LEAD_S = 0.1
_KEPT_BARS = 4


class CoreSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The tables of the config that decide what is derived."""

    metrics: MetricSettings
    state: EstimatorSettings
    control: ControlSettings
    palette: Palette
    phases: tuple[Phase, ...] = ()
    group: GroupSettings | None = None


class Core:
    """Everything between a sample and a note.

    `baselines` are the resting values that are known, by wearer of a group; a single listener's
    stand under "". `other_style` gives one that is asked for by name while it plays; without it the
    first one stays.
    """

    def __init__(
        self,
        settings: CoreSettings,
        style: Style,
        seed: int,
        baselines: Mapping[str, Baseline],
        other_style: Callable[[str], Style] | None = None,
    ) -> None:
        self._style = self._asked_style = style
        self._other_style = other_style
        self._seed = seed
        group = settings.group
        self._bodies: Subjects = (
            SubjectGroup(group, settings.metrics, settings.state, baselines)
            if group
            else SingleSubject(settings.metrics, settings.state, baselines.get(""))
        )
        self._steering = build(
            settings.control,
            settings.palette,
            style.settings.home,
            settings.phases,
            group.wearers if group else (),
            seed,
        )
        self._composer: Composer | None = None
        self._params = MusicParams()
        self._tempo: TempoMap | None = None
        self._bars: deque[Bar] = deque(maxlen=_KEPT_BARS)
        self._chunk_seqs: deque[tuple[float, int]] = deque()
        self._external: ExternalClock | None = None  # whom the tempo follows, if anybody
        self._held = False
        self._closed = False  # asked to stop: no bar is composed any more
        self._asked = False  # what is asked before the music is not answered yet
        self._last_tick = -1
        self._phrase: int | None = None  # the bar that began the phrase that sounds
        self._events: set[str] = set()  # since the last tick
        self.ending: Bar | None = None

    @property
    def tempo_map(self) -> TempoMap | None:
        """The tempo so far; None before the first bar."""
        return self._tempo

    @property
    def held(self) -> bool:
        """Whether somebody asked the music to stay as it is."""
        return self._held

    @property
    def held_back(self) -> bool:
        """Whether a stop rule holds the music back."""
        return self._steering.held_back

    @property
    def closed(self) -> bool:
        """Whether somebody asked to stop, so that no bar comes any more."""
        return self._closed

    @property
    def waiting(self) -> bool:
        """Whether the music, before its first bar, waits for another device's clock to run."""
        external = self._external
        return self._tempo is None and external is not None and external.state == "stopped"

    @property
    def next_bar(self) -> tuple[int, float]:
        """Index and first beat of the bar to be asked for next."""
        if not self._bars:
            return 0, 0.0
        last = self._bars[-1]
        return last.index + 1, last.beat + last.beats

    @property
    def baselines(self) -> dict[str, Baseline]:
        """The resting values of those whose rest is over, by wearer; a single listener's at ""."""
        return self._bodies.baselines

    @property
    def found(self) -> dict[str, float]:
        """What strategies have learned about the listener, by name."""
        return dict(self._steering.found)

    @property
    def over(self) -> bool:
        """Whether the programme has come to its end."""
        return self._steering.over

    def feed(self, seq: int, time_s: float, item: Input) -> Sequence[Derived]:
        """Take in input number `seq`, which arrived at `time_s`; return what follows from it."""
        match item:
            case Chunk() | Gap() | SensorStatus() | WindowResult():
                if isinstance(item, Chunk):
                    self._chunk_seqs.append((time_s, seq))
                return self._measured(self._bodies.feed(item))
            case Tick():
                return self._tick(item, time_s)
            case BarRequest():
                return self._bar(item, time_s)
            case Command():
                return self._command(item, time_s)
            case ExternalClock():
                return self._go_with(item, time_s)

    def _measured(self, found: tuple[Beat | Scr | SubjectEvent, ...]) -> Sequence[Derived]:
        for each in found:
            item = each.item if isinstance(each, SubjectEvent) else each
            if isinstance(item, Scr):
                self._events.add("scr")
            elif item.verdict != "extra":
                self._events.add("beat")
        return found

    def _tick(self, tick: Tick, time_s: float) -> list[Derived]:
        now_s = tick.time_s
        dt_s = (tick.index - self._last_tick) * TICK_S  # ticks may have been skipped
        self._last_tick = tick.index
        sensed = self._bodies.sense(now_s)
        readings, state = sensed.readings, sensed.state
        decision = self._steering.step(
            state,
            dt_s,
            held=self._held,
            begun=not self._asked,
            readings=readings,
            events=self._events,
            phrase_start=self._phrase_began(max(now_s, time_s)),
            bodies=sensed.bodies,
            together=sensed.together,
        )
        self._events.clear()
        derived: list[Derived] = [readings] if tick.index % 2 == 0 else []
        derived += [state, decision]
        derived += self._follow(decision.params, max(now_s, time_s) + TEMPO_LEAD_S)
        if sensed.window is not None and (request := self._request(sensed.window)):
            derived.append(request)
        return derived

    def _phrase_began(self, now_s: float) -> bool:
        """Whether a phrase has begun since this was asked; without music one always does."""
        if self._tempo is None:
            return True
        beat = self._tempo.beat_at(now_s)
        begun = [bar.index for bar in self._bars if bar.phrase_start and bar.beat <= beat]
        latest = begun[-1] if begun else self._phrase
        began, self._phrase = latest != self._phrase, latest
        return began

    def _follow(self, params: MusicParams, from_s: float) -> list[Derived]:
        self._params = params
        if self._tempo is None or self.ending is not None or self._external is not None:
            return []
        last = self._tempo.latest
        same = params.tempo_bpm == last.bpm and params.breath_beats == last.breath_beats
        if same or from_s < last.time_s:
            return []
        return self._bend(self._tempo.change(from_s, params.tempo_bpm, params.breath_beats).latest)

    def _request(self, window: Window) -> WindowRequest | None:
        while self._chunk_seqs and self._chunk_seqs[0][0] < window.start_s:
            self._chunk_seqs.popleft()
        if not self._chunk_seqs:
            return None
        return WindowRequest(window, self._chunk_seqs[0][1], self._chunk_seqs[-1][1])

    def _bar(self, request: BarRequest, time_s: float) -> list[Derived]:
        if self._closed or (request.index, request.beat) != self.next_bar:
            return []
        derived: list[Derived] = []
        self._asked = False
        if self._composer is None or self._tempo is None:
            self._composer = Composer(self._style, self._seed, self._params)
            self._tempo = TempoMap.start(*self._start(time_s + START_LEAD_S))
            derived += self._tempo.segments
        self._composer.restyle(self._asked_style if self._steering.style else self._style)
        bar = self._composer.bar(self._params)
        # After each bar, not after each change: what is withdrawn takes its style with it.
        self._steering.at_home(self._composer.style.settings.home)
        self._bars.append(bar)
        return [*derived, bar]

    def _start(self, from_s: float) -> tuple[float, float]:
        """Return when the music begins, and its tempo."""
        external = self._external
        if external is None:
            return from_s, self._params.tempo_bpm
        return entry(external.beat, external.bpm, external.time_s, from_s), external.bpm

    def _go_with(self, clock: ExternalClock, time_s: float) -> list[Derived]:
        """Follow the clock of another device, stand still with it, or go on without it."""
        self._external = None if clock.state == "lost" else clock
        if self._tempo is None or self.ending is not None:
            return []
        still, from_s = self._tempo.stands_still, time_s + TEMPO_LEAD_S
        if clock.state == "stopped":
            return [] if still else self._stand_still(time_s)
        if still:
            start_s, bpm = self._start(time_s + START_LEAD_S)
            return self._bend(self._tempo.going_on(start_s, self.next_bar[1], bpm))
        if clock.state == "lost":
            return []
        return self._bend(self._tempo.steered(clock.beat, clock.bpm, clock.time_s, from_s))

    def _stand_still(self, time_s: float) -> list[Derived]:
        """Cut off what sounds; the next bar waits until the clock runs again."""
        assert self._tempo is not None
        from_s = max(time_s, self._tempo.latest.time_s)
        beat = self._tempo.beat_at(from_s)
        self._withdraw(beat)
        return [Cancel(beat), *self._bend(self._tempo.going_on(from_s, beat, STANDSTILL_BPM))]

    def _bend(self, segment: TempoSegment | None) -> list[Derived]:
        """Let the tempo go on as the segment says."""
        if segment is None or self._tempo is None:
            return []
        self._tempo = TempoMap((*self._tempo.segments, segment)).recent()
        return [segment]

    def _command(self, command: Command, time_s: float) -> list[Derived]:
        match command.what:
            case "hold":
                self._held = True
                return []
            case "resume":
                self._held = False
                if command.value != "hold":  # a hand that lets go of a hold says nothing of a stop
                    self._steering.resume()
                return []
            case "ask":
                self._asked = self._tempo is None
                return []
            case "stop":
                return self._end(time_s, float(command.value) if command.value else None)
            case "panic":
                return self._silence(time_s)
            case "override":
                wish = OverrideRequest.parse(command.value)
                if wish.name == "style" and self._other_style is not None:
                    self._asked_style = self._other_style(str(wish.value))
                self._steering.wish(wish, command.who, time_s)
                return []
            case "rating":
                self._steering.rate(*parse_rating(command.value))
                return []
            case "release":
                self._steering.release(command.value)
                return []
            case _:
                return []

    def _end(self, time_s: float, within_s: float | None) -> list[Derived]:
        """Withdraw the bars that have not begun, and close with a cadence from there on.

        `within_s` is the time that is left for it; what still sounds then makes room. Music that
        has not begun never does.
        """
        self._closed = True
        if self._composer is None or self._tempo is None or self.ending is not None:
            return []
        derived = self._withdraw(self._tempo.beat_at(time_s + TEMPO_LEAD_S))
        if within_s is None:
            self.ending = self._composer.ending(self._params)
        else:
            begin = self.next_bar[1]
            beats = max(1.0, self._tempo.beat_at(time_s + within_s) - begin)
            self.ending = self._composer.ending(self._params, within_beats=beats)
            derived = derived or [Cancel(begin)]
        self._bars.append(self.ending)
        return [*derived, self.ending]

    def _silence(self, time_s: float) -> list[Derived]:
        """Cut off what sounds; the music goes on with the next bar."""
        if self._tempo is None or self.ending is not None:
            return []
        beat = self._tempo.beat_at(time_s)
        self._withdraw(beat)
        return [Cancel(beat)]

    def _withdraw(self, beat: float) -> list[Derived]:
        """Take back the bars that begin after `beat`."""
        upcoming = [bar for bar in self._bars if bar.beat > beat]
        if not upcoming or self._composer is None:
            return []
        self._composer.rewind(upcoming[0].index)
        self._bars = deque((bar for bar in self._bars if bar.beat <= beat), maxlen=_KEPT_BARS)
        return [Cancel(upcoming[0].beat)]
