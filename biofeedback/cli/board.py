"""A picture of a session as text that fits its terminal. It decides nothing: it draws."""

from __future__ import annotations

from dataclasses import dataclass

from rich.box import ROUNDED
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from biofeedback.cli.keys import GO_ON, HELP
from biofeedback.cli.numbers import Numbers, joined, sensor_text
from biofeedback.cli.words import clock_text
from biofeedback.state.notes import NOTE_WORDS
from biofeedback.views.picture import WORDLESS_S, Picture

__all__ = ["Board"]

_METRICS = (
    ("heart_rate", "heart rate", "bpm", ".0f"),
    ("rmssd", "RMSSD", "ms", ".0f"),
    ("scl", "SCL", "uS", ".2f"),
    ("scr_rate", "skin responses", "/min", ".0f"),
)
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
        numbers = Numbers(picture, wordless_s)
        grid = Table.grid(padding=(0, 1, 0, 0))
        grid.add_column(width=_LABEL_WIDTH, no_wrap=True, style="dim")
        grid.add_column(ratio=1)
        if wordless_s > WORDLESS_S:
            words = f"no word from the session for {int(wordless_s)} s"
            words += "; it is ending" if picture.ending else ""
            grid.add_row("Trouble", Text(words, "bold red"))
        for number, sensor in enumerate(picture.sensors):
            grid.add_row("" if number else "Sensor", sensor_text(sensor, numbers.now_s, wordless_s))
        if not picture.sensors:
            grid.add_row("Sensor", Text("waiting for a sensor", "yellow"))
        grid.add_row()
        grid.add_row("Body", joined([numbers.metric(*metric) for metric in _METRICS]))
        grid.add_row()
        grid.add_row("Arousal", numbers.arousal(max(10, width - _FRAME_WIDTH), plain))
        for row in numbers.wearers():
            grid.add_row("", row)
        for note in picture.notes:
            grid.add_row("", Text(NOTE_WORDS[note], "yellow"))
        if rest := _rest(picture):
            grid.add_row("Rest", Text(rest, "dim"))
        grid.add_row()
        if picture.phase:
            grid.add_row("Phase", _phase(picture))
        grid.add_row("Music", numbers.music())
        grid.add_row("Sound", joined([f"volume {picture.volume:.2f}", *_hold(picture)]))
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
        return Group(panel, *asked, self._keys(picture), Text(said, "bold"))

    def line(self, picture: Picture) -> str:
        """Return body, arousal, music and reason as one plain line."""
        numbers = Numbers(picture, 0.0)
        metrics = ", ".join(numbers.metric(*metric).plain for metric in _METRICS[:3])
        parts = [clock_text(picture.t), metrics]
        if picture.arousal is not None:
            parts.append(f"arousal {numbers.arousal_words()}")
        parts.append(numbers.music().plain.replace(" · ", ", "))
        why = f": {picture.why}" if picture.why else ""
        return "  ".join(parts) + why

    def _title(self) -> Text:
        title = Text.assemble((" biofeedback ", "bold cyan"))
        if self.simulated:
            title.append(" simulated, not a person ", "bold black on yellow")
        return title

    def _keys(self, picture: Picture) -> Text:
        if not self.has_keys:
            return Text(" Ctrl-C stops", "dim")
        text = Text(" ", overflow="fold")
        for key, does in (GO_ON, *HELP) if picture.stopped else HELP:
            does = "resume" if picture.held and does == "hold" else does
            text.append(key, "bold cyan").append(f" {does}   ")
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
    return joined([Text(picture.phase, "bold"), *left])


def _hold(picture: Picture) -> list[Text]:
    return [Text(" held: it stays as it is ", "bold black on yellow")] if picture.held else []
