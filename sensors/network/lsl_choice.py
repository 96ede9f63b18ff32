"""Which stream of the Lab Streaming Layer is meant, and which of its channels count."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Self

from sensors.errors import SensorNotFound, SettingsError
from sensors.labels import LabelMeaning, columns_of, meaning_of
from sensors.network.options import check_wait, signal_named, split
from sensors.signals import Signal
from sensors.units import split_unit

if TYPE_CHECKING:
    from pylsl import StreamInfo

__all__ = ["LslSettings", "ambiguous", "channel_columns", "identity", "place_text", "predicate"]

_TELLS_APART = ("type", "source_id", "host")


@dataclass(frozen=True, slots=True, kw_only=True)
class LslSettings:
    """Which stream, by name or else by type, and what its channel is if it does not say.

    `kind`, `source_id` and `host` tell streams of one name apart. `wait_s` is how long it may take
    to appear at the start.
    """

    name: str  #: name or type of the stream; may be empty where one of the others is given
    kind: str = ""  #: its type
    source_id: str = ""
    host: str = ""  #: the computer that it comes from
    channel: str = ""  #: label or number from 1 on of the one that counts; empty for those known
    signal: Signal | None = None  #: what that channel is; None where the stream says it
    unit: str = ""  #: of that channel; empty for ours
    wait_s: float = 30.0
    seed: int = 1  #: of the pauses between attempts

    def __post_init__(self) -> None:
        check_wait(self.wait_s)
        wanted = (self.name, self.kind, self.source_id, self.host)
        if not any(wanted) or any("'" in text for text in wanted):
            raise SettingsError(
                f"{self.name!r} names no LSL stream", hint="Give its name or type, as in lsl:EDA."
            )
        if self.signal and meaning_of(self.signal.value, unit=self.unit) is None:
            raise SettingsError(
                f"the unit {self.unit!r} does not fit {self.signal}",
                hint="Give the unit that the stream has, such as uS or ms.",
            )

    @classmethod
    def parse(cls, target: str, *, wait_s: float = 30.0, seed: int = 1) -> Self:
        """Build settings from ``NAME?type=T&source_id=ID&host=H&channel=C&signal=eda&unit=uS``.

        Parameters
        ----------
        target
            What follows "lsl:" in a URI.
        wait_s
            How long the stream may take to appear at the start, 1 to 3600 s.
        seed
            Of the pauses between attempts.

        Returns
        -------
        Self
            Without a signal and a unit where the stream itself is to tell.

        Raises
        ------
        SettingsError
            For an unknown option or signal.
        """
        name, options = split(target, ("signal", "unit", *_TELLS_APART, "channel"))
        named = options.get("signal")
        return cls(
            name=name,
            kind=options.get("type", ""),
            source_id=options.get("source_id", ""),
            host=options.get("host", ""),
            channel=options.get("channel", ""),
            signal=signal_named(named) if named else None,
            unit=options.get("unit", ""),
            wait_s=wait_s,
            seed=seed,
        )


def place_text(settings: LslSettings) -> str:
    """Return what follows "lsl:" to find the stream, without what it is.

    Parameters
    ----------
    settings
        What the user asks for.

    Returns
    -------
    str
        With the options that tell streams apart.
    """
    told = zip(_TELLS_APART, (settings.kind, settings.source_id, settings.host), strict=True)
    options = "&".join(f"{key}={value}" for key, value in told if value)
    return f"{settings.name}?{options}" if options else settings.name


def predicate(settings: LslSettings) -> str:
    """Return the rule by which the library looks for the stream.

    Parameters
    ----------
    settings
        What the user asks for.

    Returns
    -------
    str
        In the library's own language.
    """
    rules = {"type": settings.kind, "source_id": settings.source_id, "hostname": settings.host}
    told = [f"{key}='{value}'" for key, value in rules.items() if value]
    if settings.name:
        told.insert(0, f"(name='{settings.name}' or type='{settings.name}')")
    return " and ".join(told)


def identity(info: StreamInfo) -> str:
    """Return what a stream keeps when its program is started again.

    Parameters
    ----------
    info
        Of the stream.

    Returns
    -------
    str
        Of its name, type, source and host.
    """
    return "\n".join((info.name(), info.type(), info.source_id(), info.hostname()))


def ambiguous(settings: LslSettings, found: list[StreamInfo]) -> SensorNotFound:
    """Return the refusal of several streams that could be meant, with a way to each of them.

    Parameters
    ----------
    settings
        What the user asks for.
    found
        Those that fit.

    Returns
    -------
    SensorNotFound
        Its hint lists a URI for each.
    """
    rows = {(info.name(), info.type(), info.source_id(), info.hostname()) for info in found}
    names, kinds, ids, hosts = map(set, zip(*rows, strict=True))
    ways = []
    for name, kind, source_id, host in sorted(rows):
        way = [f"{key}={value}" for key, value, among in (
            ("type", kind, kinds), ("source_id", source_id, ids), ("host", host, hosts)
        ) if len(among) > 1 and value]  # fmt: skip
        ways.append(f"'lsl:{name}{'?' if way else ''}{'&'.join(way)}'")
    what = settings.name or place_text(settings)
    return SensorNotFound(
        f"several LSL streams can be meant by {what!r}: {', '.join(sorted(names))}",
        hint=f"Give one of {', '.join(ways)}.",
    )


def channel_columns(
    settings: LslSettings, info: StreamInfo
) -> list[tuple[LabelMeaning, list[int]]]:
    """Return each signal with its columns; only acceleration has more than one.

    Parameters
    ----------
    settings
        What the user asks for.
    info
        Of the stream.

    Returns
    -------
    list[tuple[LabelMeaning, list[int]]]
        Never empty.

    Raises
    ------
    SettingsError
        Where it is not clear what counts; it lists the channels.
    """
    from pylsl import cf_string

    if info.channel_format() == cf_string:
        raise SettingsError(
            f"the LSL stream {info.name()!r} carries text, no numbers", hint="Choose another one."
        )
    count = info.channel_count()
    labels, units = (
        [text or "" for _, text in zip_longest(range(count), (texts or [])[:count])]
        for texts in (info.get_channel_labels(), info.get_channel_units())
    )
    names, units = _parted(labels, units)
    known = [meaning_of(name, unit=unit) for name, unit in zip(names, units, strict=True)]
    if settings.channel:
        columns = [_numbered(settings, info, labels)]
    elif settings.signal is Signal.ACC or count == 1:
        columns = list(range(count))
    elif settings.signal:
        columns = [i for i, one in enumerate(known) if one and one.signal is settings.signal]
    else:
        alike = set(labels) == {""} and meaning_of("", info.type()) in (LabelMeaning(Signal.ACC),)
        columns = list(range(count)) if alike else [i for i, one in enumerate(known) if one]
    if settings.signal:
        meaning = meaning_of(settings.signal.value, unit=settings.unit)
        assert meaning is not None
        found = [(meaning, columns)] if columns else []
    else:
        by_kind = len(columns) == 1 or not any(labels)
        told = [
            known[i] or (_by_stream(info, names[i], units[i]) if by_kind else None) for i in columns
        ]
        found = [(meaning, [columns[i] for i in its]) for meaning, its in columns_of(told)]
        doubled = len([one for one in told if one and one.signal is not Signal.ACC])
        if doubled > len([one for one, _ in found if one.signal is not Signal.ACC]):
            raise _which_channel(settings, info, labels)
    if not found or (len(columns) > 1 and settings.signal not in (None, Signal.ACC)):
        raise _which_channel(settings, info, labels)
    return found


def _parted(labels: list[str], units: list[str]) -> tuple[list[str], list[str]]:
    """Return names and units; where no unit is told, that which stands in the label counts."""
    parted = [
        (label, unit) if unit.strip() else split_unit(label)
        for label, unit in zip(labels, units, strict=True)
    ]
    return [name for name, _ in parted], [unit for _, unit in parted]


def _by_stream(info: StreamInfo, name: str, unit: str) -> LabelMeaning | None:
    """Return what the only channel is by the stream's type, or else by the stream's name.

    Nothing where its own name says that it is no signal, such as a counter.
    """
    return meaning_of(name, info.type(), unit) or meaning_of(name, info.name(), unit)


def _numbered(settings: LslSettings, info: StreamInfo, labels: list[str]) -> int:
    """Return which channel is asked for, by its label or its number."""
    text = settings.channel
    same = [i for i, label in enumerate(labels) if label.casefold() == text.casefold()]
    if len(same) == 1:
        return same[0]
    if text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= len(labels):
        return int(text) - 1
    raise _which_channel(settings, info, labels)


def _which_channel(settings: LslSettings, info: StreamInfo, labels: list[str]) -> SettingsError:
    """Return the refusal of a stream of which it is not clear which channel counts."""
    listed = ", ".join(f"{i} {label or 'without a label'}" for i, label in enumerate(labels, 1))
    mark = "&" if "?" in place_text(settings) else "?"
    what = settings.signal or "eda"
    channel = "channel=1&" if len(labels) > 1 else ""
    return SettingsError(
        f"of the LSL stream {info.name()!r} ({info.type()}) it is not clear what counts; its "
        f"channels are {listed}",
        hint=f"Say what counts: 'lsl:{place_text(settings)}{mark}{channel}signal={what}', "
        "with &unit= where it is another.",
    )
