"""The channels of a file: what each offers, what became of it, and how to take another."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sensors.errors import RecordingError
from sensors.labels import LabelMeaning
from sensors.signals import Signal
from sensors.units import split_unit

__all__ = ["Channel", "ChannelChoice", "ChannelOffer", "none_known"]


@dataclass(frozen=True, slots=True)
class Channel:
    """What a file holds in one place, and what became of it."""

    label: str  #: as the file has it
    role: str  #: a signal, "time", "marker"; "" where it is not known
    taken: bool  #: whether its samples are read
    why: str = ""  #: why it was left out; empty for what was taken
    columns: str = ""  #: what to give as --columns to take it; empty where it cannot be


@dataclass(frozen=True, slots=True)
class ChannelOffer:
    """One channel of a file that could be a signal."""

    label: str  #: as the file has it
    unit: str = ""  #: as written, wherever in the file
    kind: str = ""  #: what else tells the signal, such as the type of its stream
    why_not: str = ""  #: why it cannot be taken, whatever it is of; empty where it can
    name: str = ""  #: the label without its unit; empty where that is all of it
    group: int = 0  #: what shares one clock: the axes of an acceleration are all of one


@dataclass(slots=True)
class ChannelChoice:
    """What is taken: by signal, the places among the offers and how each becomes our unit."""

    taken: dict[Signal, list[tuple[int, LabelMeaning]]] = field(default_factory=dict)
    channels: list[Channel] = field(default_factory=list)  #: in the order of the offers
    warnings: list[str] = field(default_factory=list)  #: plain sentences

    def leave_out(self, signal: Signal, why: str) -> None:
        """Tell that what was chosen for a signal is left out after all.

        Parameters
        ----------
        signal
            Of the channels.
        why
            What is wrong with their samples, and what the user may do about it.
        """
        places = [place for place, _ in self.taken[signal]]
        labels = [self.channels[place].label for place in places]
        columns = f"{signal}={split_unit(labels[0])[0]} [UNIT]"
        for place in places:
            self.channels[place] = replace(
                self.channels[place], taken=False, why=why, columns=columns
            )
        self.warnings.append(
            f'the channel {labels[0]!r} is left out: {why}, as --columns "{columns}"'
        )


def none_known(choice: ChannelChoice, name: str) -> RecordingError:
    """Return the error of a file of which no channel can be read, with the reasons.

    Parameters
    ----------
    choice
        What was looked at.
    name
        The file's, for errors.

    Returns
    -------
    RecordingError
        With what would take one of them.
    """
    reasons = [f"{c.label!r}: {c.why}" for c in choice.channels if c.role and c.why]
    labels = ", ".join(channel.label for channel in choice.channels) or "none"
    if reasons:
        columns = next((c.columns for c in choice.channels if c.columns), "")
        more = f'Say more, as --columns "{columns}". ' if columns else ""
        return RecordingError(
            f"{name} has no channel that can be read, {'; '.join(reasons)[:200]}",
            hint=f"{more}It has: {labels}.",
        )
    likely = next((c.label for c in choice.channels), "NAME")
    return RecordingError(
        f"{name} has no channel with a known name",
        hint=f'Name one, as --columns "ecg={likely}". It has: {labels}.',
    )
