"""A picture of a session as text that fits its terminal. It decides nothing: it draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.box import ROUNDED
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from biofeedback.cli.keys import HELP
from biofeedback.cli.words import ago_text, clock_text
from biofeedback.views.age import WORDLESS_S, age_of
from biofeedback.views.picture import Measure, Picture, Sensor

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
_UNKNOWN = "not known yet"
_LABEL_WIDTH = 8
#: Columns that the frame, its padding, and the label with its gap take.
_FRAME_WIDTH = 4 + _LABEL_WIDTH + 1
_WIDEST = 100


@dataclass(frozen=True, slots=True)
class Board:
    """Draws pictures of one session.

    `has_keys` says whether keys are listened to. Of a picture that is `wordless_s` seconds old,
    because no newer one came, every number is old.
    """

    simulated: bool = False
    has_keys: bool = True

    def screen(
        self,
        picture: Picture,
        width: int,
        *,
        said: str = "",
        plain: bool = False,
        wordless_s: float = 0.0,
    ) -> RenderableType:
        """Return the screen for a terminal `width` columns wide; `plain` uses ASCII alone."""
        width = min(width, _WIDEST)
        drawn = _Drawn(picture, wordless_s)
        grid = Table.grid(padding=(0, 1, 0, 0))
        grid.add_column(width=_LABEL_WIDTH, no_wrap=True, style="dim")
        grid.add_column(ratio=1)
        if wordless_s > WORDLESS_S:
            words = f"no word from the session for {int(wordless_s)} s"
            words += "; it is ending" if picture.ending else ""
            grid.add_row("Trouble", Text(words, "bold red"))
        for number, sensor in enumerate(picture.sensors):
            grid.add_row("" if number else "Sensor", sensor_text(sensor, drawn.now_s, wordless_s))
        if not picture.sensors:
            grid.add_row("Sensor", Text("waiting for a sensor", "yellow"))
        grid.add_row()
        grid.add_row("Body", _joined([drawn.metric(*metric) for metric in _METRICS]))
        grid.add_row()
        grid.add_row("Arousal", drawn.arousal(max(10, width - _FRAME_WIDTH), plain))
        for row in drawn.wearers():
            grid.add_row("", row)
        if rest := _rest(picture):
            grid.add_row("Rest", Text(rest, "dim"))
        grid.add_row()
        if picture.phase:
            grid.add_row("Phase", _phase(picture))
        grid.add_row("Music", drawn.music())
        grid.add_row("Sound", _joined([f"volume {picture.volume:.2f}", *_hold(picture)]))
        for trouble in picture.troubles:
            grid.add_row("Trouble", Text(f"{trouble}; trying again", "bold red"))
        grid.add_row()
        grid.add_row("Why", Text(picture.why, "bold red" if picture.stopped else "italic"))
        panel = Panel(
            grid,
            box=ROUNDED,
            title=self._title(),
            title_align="left",
            subtitle=_time(picture),
            subtitle_align="right",
            width=width,
        )
        question = picture.question
        asked = [Text(f" {question} 0 skips.", "bold cyan")] if question else []
        return Group(panel, *asked, self._keys(picture.held), Text(said, "bold"))

    def line(self, picture: Picture) -> str:
        """Return body, arousal, music and reason as one plain line."""
        drawn = _Drawn(picture, 0.0)
        metrics = ", ".join(drawn.metric(*metric).plain for metric in _METRICS[:3])
        parts = [clock_text(picture.t), metrics]
        if picture.arousal is not None:
            parts.append(f"arousal {drawn.arousal_words()}")
        parts.append(drawn.music().plain.replace(" · ", ", "))
        why = f": {picture.why}" if picture.why else ""
        return "  ".join(parts) + why

    def _title(self) -> Text:
        title = Text.assemble((" biofeedback ", "bold cyan"))
        if self.simulated:
            title.append(" simulated, not a person ", "bold black on yellow")
        return title

    def _keys(self, held: bool) -> Text:
        if not self.has_keys:
            return Text(" Ctrl-C stops", "dim")
        text = Text(" ", overflow="fold")
        for key, does in HELP:
            does = "resume" if held and does == "hold" else does
            text.append(key, "bold cyan").append(f" {does}   ")
        return text


@dataclass(frozen=True, slots=True)
class _Drawn:
    """The numbers of a picture that was made `wordless_s` seconds ago, with their ages."""

    picture: Picture
    wordless_s: float

    @property
    def now_s(self) -> float:
        return self.picture.t + self.wordless_s

    def metric(self, name: str, label: str, unit: str, form: str) -> Text:
        measure = self.picture.measures.get(name, Measure())
        value = None if measure.value is None else f"{measure.value:{form}} {unit}"
        style = "yellow" if measure.trust == "weak" else "bold"
        return self.number(label, value, style, measure.measured_s)

    def number(self, label: str, value: str | None, style: str, measured_s: float | None) -> Text:
        """Return a number as it stands now: bright, or faded with its age, or gone."""
        age = age_of(measured_s, self.now_s, self.wordless_s)
        if value is None or age == "gone":
            return Text.assemble((f"{label} ", "dim"), ("--", "dim"))
        style = style if age == "fresh" else "dim"
        return Text.assemble(f"{label} ", (value + self.ago(measured_s), style))

    def ago(self, measured_s: float | None) -> str:
        """Return how old a number is, where that matters."""
        if measured_s is None or age_of(measured_s, self.now_s, self.wordless_s) == "fresh":
            return ""
        return f" ({ago_text(self.now_s - measured_s)})"

    def arousal(self, width: int, plain: bool) -> RenderableType:
        """Return the scale and its words."""
        picture = self.picture
        age = age_of(picture.arousal_s, self.now_s, self.wordless_s)
        if picture.arousal is None or age == "gone":
            return Text(_UNKNOWN, "dim")
        words = Text(self.arousal_words(), "" if age == "fresh" else "dim")
        if picture.setpoint is not None:
            words.append(f", set point {picture.setpoint:.2f}")
        return Group(_scale(picture, width, plain, faded=age != "fresh"), words)

    def arousal_words(self) -> str:
        """Return arousal with its interval and confidence, and its age once it is old."""
        picture = self.picture
        return (
            f"{picture.arousal or 0.0:.2f} (likely {picture.low or 0.0:.2f} to "
            f"{picture.high or 0.0:.2f}, confidence {100 * picture.confidence:.0f} %)"
            f"{self.ago(picture.arousal_s)}"
        )

    def music(self) -> Text:
        """Return what sounds, or what did when the session was heard last."""
        music = self.picture.music
        if music is None:
            return Text("not yet", "dim")
        text = _joined([
            Text(f"{music.tempo_bpm:.0f} bpm", "bold"), Text(music.key, "bold"),
            f"{music.density:.1f} notes a beat", music.chords, music.section,
        ])  # fmt: skip
        if self.wordless_s <= WORDLESS_S:
            return text
        return Text(f"{text.plain} ({ago_text(self.wordless_s)})", "dim")

    def wearers(self) -> list[Text]:
        """Return a line for each of a group, and one for what they do together."""
        picture, rows = self.picture, []
        for wearer in picture.wearers:
            age = age_of(wearer.arousal_s, self.now_s, self.wordless_s)
            known = wearer.arousal is not None and age != "gone"
            arousal = f"{wearer.arousal:.2f}{self.ago(wearer.arousal_s)}" if known else _UNKNOWN
            heart = None if wearer.heart_rate is None else f"{wearer.heart_rate:.0f} bpm"
            style = "yellow" if wearer.heart_trust == "weak" else "bold"
            rows.append(
                _joined(
                    [
                        Text(wearer.name, "bold"),
                        Text(f"arousal {arousal}", "" if age == "fresh" else "dim"),
                        self.number("heart rate", heart, style, wearer.heart_rate_s),
                    ]
                )
            )
        if rows:
            age = age_of(picture.synchrony_s, self.now_s, self.wordless_s)
            known = picture.synchrony is not None and age != "gone"
            value = f"{picture.synchrony:.2f}{self.ago(picture.synchrony_s)}" if known else _UNKNOWN
            rows.append(Text(f"moving together beyond chance: {value}", "dim"))
        return rows


def sensor_text(sensor: Sensor, now_s: float, wordless_s: float = 0.0) -> Text:
    """Return a sensor's name, link, battery and contact in words, and its advice.

    What a sensor said of itself is as old as the last that was heard of it.
    """
    words, style = _LINKS.get(sensor.state, (sensor.state, ""))
    since_s = None if sensor.heard_s is None else now_s - sensor.heard_s
    unheard = wordless_s > WORDLESS_S
    if unheard:
        words, style = f"was {words}", "dim"
    if sensor.silent and since_s is not None:
        words, style = f"connected, but silent for {int(since_s)} s", "yellow"
    parts: list[str | Text] = [Text(sensor.source, "bold"), Text(words, style)]
    if (battery := sensor.battery_percent) is not None:
        parts.append(Text(f"battery {battery} %", "red" if sensor.battery_low else ""))
    if sensor.contact is not None and not unheard:
        contact = Text("skin contact", "green") if sensor.contact else Text("no contact", "red")
        parts.append(contact)
    if since_s is not None and (unheard or sensor.state == "lost"):
        parts.append(f"last heard {ago_text(since_s)}")
    text = _joined(parts)
    if sensor.detail:
        text.append("\n").append(sensor.detail, "yellow" if style != "green" else "")
    return text


def _time(picture: Picture) -> Text:
    left = "" if picture.left_s is None else f", {clock_text(picture.left_s)} left"
    return Text(f" {clock_text(picture.t)}{left} ", "bold")


def _rest(picture: Picture) -> str:
    """Return how the resting values are learned, or how old the stored ones are."""
    if picture.rest_left_s is None:
        return picture.rest
    left = clock_text(picture.rest_left_s)
    return f"learning your rest: sit still and breathe as you like, {left} left"


def _phase(picture: Picture) -> Text:
    left_s = picture.phase_left_s
    left = [] if left_s is None else [f"at most {clock_text(left_s)} left"]
    return _joined([Text(picture.phase, "bold"), *left])


def _hold(picture: Picture) -> list[Text]:
    return [Text(" held: it stays as it is ", "bold black on yellow")] if picture.held else []


def _joined(parts: Sequence[str | Text]) -> Text:
    return Text(" · ").join(part if isinstance(part, Text) else Text(part) for part in parts)


def _scale(picture: Picture, width: int, plain: bool, *, faded: bool) -> Text:
    """Return the line from calm to aroused: the interval thick, the value and the aim marked."""
    outside, inside, value, aim = "-=O|" if plain else "─━●│"
    inner = max(4, width - len("calm  aroused"))

    def place(share: float | None) -> int:
        return min(inner - 1, max(0, int((share or 0.0) * inner)))

    low, high = place(picture.low), place(picture.high)
    bright = ("dim", "dim") if faded else ("cyan", "bold magenta")
    cells = [(inside, bright[0]) if low <= k <= high else (outside, "dim") for k in range(inner)]
    if picture.setpoint is not None:
        cells[place(picture.setpoint)] = (aim, "bold green")
    cells[place(picture.arousal)] = (value, bright[1])
    return Text.assemble("calm ", *cells, " aroused", no_wrap=True)
