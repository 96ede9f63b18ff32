"""What the live screen knows, as a picture of text that fits its terminal."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.box import ROUNDED
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from biofeedback.cli.keys import HELP
from biofeedback.cli.words import clock_text
from biofeedback.control.base import Decision
from biofeedback.inputs import Tick
from biofeedback.metrics.base import Reading
from biofeedback.session import Event
from biofeedback.state.estimator import State
from sensors.base import SensorStatus
from sensors.signals import Chunk
from synth.events import Bar, Cancel
from synth.tempo_map import Segment

__all__ = ["Board", "sensor_text"]

_LINKS = {
    "searching": ("looking for it", "yellow"),
    "connecting": ("connecting", "yellow"),
    "streaming": ("connected", "green"),
    "lost": ("lost", "red"),
    "ended": ("ended", "dim"),
}
_METRICS = (
    ("heart_rate", "heart rate", "bpm", ".0f"),
    ("rmssd", "RMSSD", "ms", ".0f"),
    ("scl", "SCL", "uS", ".2f"),
    ("scr_rate", "skin responses", "/min", ".0f"),
)
_LOW_BATTERY_PERCENT = 20
_WEAK_QUALITY = 0.5
_UNKNOWN_CONFIDENCE = 0.01
_LABEL_WIDTH = 8
#: Columns that the frame, its padding, and the label with its gap take.
_FRAME_WIDTH = 4 + _LABEL_WIDTH + 1
_WIDEST = 100


@dataclass(slots=True)
class Board:
    """Takes in a session's events and draws the latest of each kind, and its troubles.

    `duration_s` counts from the first sample; None without a known end. `has_keys` says whether
    keys are listened to. `stored_rest` tells of the rest that the session started with; "" without
    one, where `rest_s` seconds of rest come first.
    """

    simulated: bool = False
    duration_s: float | None = None
    has_keys: bool = True
    stored_rest: str = ""
    rest_s: float = 180.0
    now_s: float = 0.0
    state: State | None = None
    decision: Decision | None = None
    bars: deque[Bar] = field(default_factory=lambda: deque(maxlen=4))
    tempo: Segment | None = None
    began_s: float | None = None
    rest_began_s: float | None = None
    sensors: dict[str, SensorStatus] = field(default_factory=dict)
    readings: dict[str, Reading] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)
    question: str = ""

    def take(self, event: Event) -> None:
        """Remember an event; most kinds replace the last one of theirs."""
        match event:
            case Tick():
                self.now_s = event.time_s
            case SensorStatus():
                self._meet(event)
            case Chunk() if self.began_s is None:
                self.began_s = self.now_s
            case State():
                self.state = event
                if self.rest_began_s is None and event.contributions:
                    self.rest_began_s = event.time_s
            case Decision():
                self.decision = event
            case Bar():
                self.bars.append(event)
            case Segment():
                self.tempo = event
            case Cancel():
                self.bars = deque((b for b in self.bars if b.beat < event.from_beat), maxlen=4)
            case tuple():
                self.readings = {reading.name: reading for reading in event}
            case _:
                pass

    @property
    def bar(self) -> Bar | None:
        """The bar that sounds now; bars are composed ahead of it. None before the first."""
        if self.tempo is None:
            return None
        beats = (self.now_s - self.tempo.time_s) * self.tempo.bpm / 60.0
        begun = [bar for bar in self.bars if bar.beat <= self.tempo.beat + beats]
        return begun[-1] if begun else None

    @property
    def left_s(self) -> float | None:
        """The seconds until the end that was planned; None without one, or before the start."""
        if self.duration_s is None or self.began_s is None:
            return None
        return max(0.0, self.began_s + self.duration_s - self.now_s)

    def picture(
        self, width: int, *, volume: float, held: bool, said: str = "", plain: bool = False
    ) -> RenderableType:
        """Return the screen for a terminal `width` columns wide; `plain` uses ASCII alone."""
        width = min(width, _WIDEST)
        grid = Table.grid(padding=(0, 1, 0, 0))
        grid.add_column(width=_LABEL_WIDTH, no_wrap=True, style="dim")
        grid.add_column(ratio=1)
        for name, status in self.sensors.items():
            grid.add_row("Sensor" if name == next(iter(self.sensors)) else "", sensor_text(status))
        if not self.sensors:
            grid.add_row("Sensor", Text("waiting for a sensor", "yellow"))
        grid.add_row()
        grid.add_row("Body", _joined([self._metric(*metric) for metric in _METRICS]))
        grid.add_row()
        grid.add_row("Arousal", self._arousal(max(10, width - _FRAME_WIDTH), plain))
        for row in self._wearers():
            grid.add_row("", row)
        if rest := self._rest():
            grid.add_row("Rest", Text(rest, "dim"))
        grid.add_row()
        if self.decision and self.decision.phase:
            grid.add_row("Phase", self._phase(self.decision))
        grid.add_row("Music", self._music())
        grid.add_row("Sound", _joined([f"volume {volume:.2f}", *self._hold(held)]))
        for trouble in self.troubles:
            grid.add_row("Trouble", Text(f"{trouble}; trying again", "bold red"))
        grid.add_row()
        grid.add_row("Why", self._why())
        panel = Panel(
            grid,
            box=ROUNDED,
            title=self._title(),
            title_align="left",
            subtitle=self._time(),
            subtitle_align="right",
            width=width,
        )
        asked = [Text(f" {self.question} 0 skips.", "bold cyan")] if self.question else []
        return Group(panel, *asked, self._keys(held), Text(said, "bold"))

    def line(self) -> str:
        """Return body, arousal, music and reason as one plain line."""
        metrics = ", ".join(self._metric(*metric).plain for metric in _METRICS[:3])
        parts = [clock_text(self.now_s), metrics]
        if self.state and self.state.confidence >= _UNKNOWN_CONFIDENCE:
            parts.append(f"arousal {_arousal_words(self.state)}")
        parts.append(self._music().plain.replace(" · ", ", "))
        why = f": {self.decision.why}" if self.decision else ""
        return "  ".join(parts) + why

    def _meet(self, status: SensorStatus) -> None:
        """Remember a sensor; a device that answers to a wish takes that wish's place."""
        if status.source not in self.sensors:
            sought = [name for name, s in self.sensors.items() if s.state == "searching"]
            named = [n for n in sought if status.source.casefold().startswith(n.casefold())]
            if status.state == "connecting" and (named or sought):
                del self.sensors[(named or sought)[0]]
        self.sensors[status.source] = status

    def _title(self) -> Text:
        title = Text.assemble((" biofeedback ", "bold cyan"))
        if self.simulated:
            title.append(" simulated, not a person ", "bold black on yellow")
        return title

    def _time(self) -> Text:
        left_s = self.left_s
        left = "" if left_s is None else f", {clock_text(left_s)} left"
        return Text(f" {clock_text(self.now_s)}{left} ", "bold")

    def _metric(self, name: str, label: str, unit: str, form: str) -> Text:
        reading = self.readings.get(name)
        if reading is None or reading.value is None:
            return Text.assemble((f"{label} ", "dim"), ("--", "dim"))
        style = "bold" if reading.quality >= _WEAK_QUALITY else "yellow"
        return Text.assemble(f"{label} ", (f"{reading.value:{form}} {unit}", style))

    def _arousal(self, width: int, plain: bool) -> RenderableType:
        if self.state is None or self.state.confidence < _UNKNOWN_CONFIDENCE:
            return Text("not known yet", "dim")
        setpoint = self.decision.setpoint if self.decision else None
        words = Text(_arousal_words(self.state))
        if setpoint is not None:
            words.append(f", set point {setpoint:.2f}")
        return Group(_scale(self.state, setpoint, width, plain), words)

    def _wearers(self) -> list[Text]:
        """Return a line for each of a group, and one for what they do together."""
        rows = []
        for name, reading in self.readings.items():
            wearer, mark, what = name.partition("/")
            if mark and what == "arousal":
                known = reading.quality >= _UNKNOWN_CONFIDENCE and reading.value is not None
                arousal = f"{reading.value:.2f}" if known else "not known yet"
                heart = self._metric(f"{wearer}/heart_rate", "heart rate", "bpm", ".0f")
                rows.append(_joined([Text(wearer, "bold"), f"arousal {arousal}", heart]))
        together = self.readings.get("synchrony")
        if rows and together is not None:
            value = "not known yet" if together.value is None else f"{together.value:.2f}"
            rows.append(Text(f"moving together beyond chance: {value}", "dim"))
        return rows

    def _rest(self) -> str:
        """Return how the resting values are learned, or how old the stored ones are."""
        if self.stored_rest or self.state is None or self.state.phase != "rest":
            return self.stored_rest
        gone_s = 0.0 if self.rest_began_s is None else self.now_s - self.rest_began_s
        left = clock_text(max(0.0, self.rest_s - gone_s))
        return f"learning your rest: sit still and breathe as you like, {left} left"

    def _music(self) -> Text:
        bar = self.bar
        if self.decision is None or bar is None:
            return Text("not yet", "dim")
        params = self.decision.params
        bpm = self.tempo.bpm if self.tempo else params.tempo_bpm  # another clock's, maybe
        return _joined([
            Text(f"{bpm:.0f} bpm", "bold"), Text(str(bar.key), "bold"),
            f"{params.density:.1f} notes a beat", " ".join(bar.chords), bar.section,
        ])  # fmt: skip

    def _phase(self, decision: Decision) -> Text:
        left_s = decision.numbers.get("phase_left_s")
        left = [] if left_s is None else [f"at most {clock_text(left_s)} left"]
        return _joined([Text(decision.phase, "bold"), *left])

    def _why(self) -> Text:
        if self.decision is None:
            return Text("")
        stopped = self.decision.cause.startswith("stop")
        return Text(self.decision.why, "bold red" if stopped else "italic")

    def _hold(self, held: bool) -> list[Text]:
        return [Text(" held: it stays as it is ", "bold black on yellow")] if held else []

    def _keys(self, held: bool) -> Text:
        if not self.has_keys:
            return Text(" Ctrl-C stops", "dim")
        text = Text(" ", overflow="fold")
        for key, does in HELP:
            does = "resume" if held and does == "hold" else does
            text.append(key, "bold cyan").append(f" {does}   ")
        return text


def sensor_text(status: SensorStatus) -> Text:
    """Return a sensor's name, link, battery and contact in words, and its advice."""
    words, style = _LINKS[status.state]
    parts: list[str | Text] = [Text(status.source, "bold"), Text(words, style)]
    if (battery := status.battery_percent) is not None:
        parts.append(Text(f"battery {battery} %", "red" if battery <= _LOW_BATTERY_PERCENT else ""))
    if status.contact is not None:
        contact = Text("skin contact", "green") if status.contact else Text("no contact", "red")
        parts.append(contact)
    text = _joined(parts)
    if status.detail:
        text.append("\n").append(status.detail, "yellow" if style != "green" else "")
    return text


def _joined(parts: Sequence[str | Text]) -> Text:
    return Text(" · ").join(part if isinstance(part, Text) else Text(part) for part in parts)


def _arousal_words(state: State) -> str:
    return (
        f"{state.arousal:.2f} (likely {state.low:.2f} to {state.high:.2f}, "
        f"confidence {100 * state.confidence:.0f} %)"
    )


def _scale(state: State, setpoint: float | None, width: int, plain: bool) -> Text:
    """Return the line from calm to aroused: the interval thick, the value and the aim marked."""
    outside, inside, value, aim = "-=O|" if plain else "─━●│"
    inner = max(4, width - len("calm  aroused"))

    def place(share: float) -> int:
        return min(inner - 1, max(0, int(share * inner)))

    low, high = place(state.low), place(state.high)
    cells = [(inside, "cyan") if low <= k <= high else (outside, "dim") for k in range(inner)]
    if setpoint is not None:
        cells[place(setpoint)] = (aim, "bold green")
    cells[place(state.arousal)] = (value, "bold magenta")
    return Text.assemble("calm ", *cells, " aroused", no_wrap=True)
