"""The numbers of a picture as text: bright while they are new, then with their age, then gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.text import Text

from biofeedback.cli.words import ago_text
from biofeedback.views.picture import (
    GONE_S,
    WORDLESS_S,
    Age,
    MeasureView,
    Picture,
    SensorView,
    age_of,
)

__all__ = ["Numbers", "joined", "sensor_text"]

_LINKS = {
    "searching": ("looking for it", "yellow"),
    "connecting": ("connecting", "yellow"),
    "streaming": ("connected", "green"),
    "lost": ("lost", "red"),
    "ended": ("ended", "dim"),
}
_UNKNOWN = "not known yet"


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of a picture that was made `wordless_s` seconds ago, with their ages."""

    picture: Picture
    wordless_s: float

    @property
    def now_s(self) -> float:
        """Seconds of the session by now."""
        return self.picture.t + self.wordless_s

    def metric(self, name: str, label: str, unit: str, form: str) -> Text:
        """Return a measured number with its label and unit."""
        measure = self.picture.measures.get(name, MeasureView())
        value = None if measure.value is None else f"{measure.value:{form}} {unit}".rstrip()
        style = "yellow" if measure.trust == "weak" else "bold"
        return self.number(label, value, style, measure.measured_s)

    def number(self, label: str, value: str | None, style: str, measured_s: float | None) -> Text:
        """Return a number as it stands now: bright, or faded with its age, or gone."""
        age, label = age_of(measured_s, self.now_s, self.wordless_s), f"{label} " if label else ""
        if value is None or age == "gone":
            return Text(f"{label}--", "dim")
        style = style if age == "fresh" else "dim"
        return Text.assemble(label, (value + self.ago(measured_s), style))

    def ago(self, measured_s: float | None) -> str:
        """Return how old a number is, where that matters."""
        if measured_s is None or age_of(measured_s, self.now_s, self.wordless_s) == "fresh":
            return ""
        return f" ({ago_text(self.now_s - measured_s)})"

    @property
    def is_wordless(self) -> bool:
        """Whether nothing has been heard of the session for too long."""
        return self.wordless_s > WORDLESS_S

    @property
    def arousal_age(self) -> Age:
        """What arousal is worth now."""
        known = self.picture.arousal is not None
        return age_of(self.picture.arousal_s, self.now_s, self.wordless_s) if known else "gone"

    def arousal(self, width: int, plain: bool) -> RenderableType:
        """Return the scale and its words."""
        picture, age = self.picture, self.arousal_age
        if age == "gone":
            return Text(_UNKNOWN, "dim")
        words = Text(self.arousal_words(), "" if age == "fresh" else "dim")
        if picture.setpoint is not None:
            words.append(f", set point {picture.setpoint:.2f}")
        return Group(_scale(picture, width, plain, faded=age != "fresh"), words)

    def signal(self) -> str:
        """Return the signal in a word; nothing is known of it while nothing is heard."""
        return "no word" if self.is_wordless else self.picture.signal

    def arousal_words(self) -> str:
        """Return arousal with its interval and confidence, and its age once it is old."""
        picture = self.picture
        if self.arousal_age == "gone":
            return "--"
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
        text = joined([
            Text(f"{music.tempo_bpm:.0f} bpm", "bold"), Text(music.key, "bold"),
            f"{music.density:.1f} notes a beat", music.chords, music.section,
        ])  # fmt: skip
        if not self.is_wordless:
            return text
        if self.wordless_s > GONE_S:
            return Text(_UNKNOWN, "dim")
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
                joined(
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


def sensor_text(sensor: SensorView, now_s: float, wordless_s: float = 0.0) -> Text:
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
    text = joined(parts)
    if sensor.detail:
        text.append("\n").append(sensor.detail, "yellow" if style != "green" else "")
    return text


def joined(parts: Sequence[str | Text]) -> Text:
    """Return parts of a line with dots between them."""
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
