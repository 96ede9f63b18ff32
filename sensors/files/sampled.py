"""A recording made of evenly sampled channels, as the formats of laboratories have them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from sensors.files.channels import ChannelOffer, none_known
from sensors.files.choosing import choose, misfit
from sensors.files.recording import Recording, assemble, name_of
from sensors.labels import signal_of
from sensors.signals import Chunk, FloatArray, Signal
from sensors.units import split_unit

__all__ = ["SampledChannel", "recording_of"]


@dataclass(frozen=True, slots=True)
class SampledChannel:
    """One channel, of which the samples are read when it is taken."""

    label: str  #: as the file has it
    unit: str  #: as the file has it; "" where it tells none
    rate_hz: float  #: samples a second
    load: Callable[[], FloatArray]  #: all of its samples, shape (n,), NaN where one is missing
    kind: str = ""  #: what else tells its signal
    why_not: str = ""  #: why it cannot be taken; empty where it can
    t0_s: float = 0.0  #: of its first sample


def recording_of(
    path: Path,
    kind: str,
    channels: Sequence[SampledChannel],
    columns: Mapping[str, str] | None,
    *,
    started: datetime | None = None,
    markers: Iterable[tuple[float, str]] = (),
    warnings: Sequence[str] = (),
) -> Recording:
    """Choose among channels, and read those that are taken.

    Parameters
    ----------
    path
        For its name.
    kind
        The format, in words.
    channels
        In the order of the file.
    columns
        From a signal to a channel, perhaps with its unit in brackets; None where labels tell.
    started
        When time 0 was; naive where the file tells no time zone.
    markers
        (time in s, label).
    warnings
        What was found on the way.

    Returns
    -------
    Recording
        A chunk for each signal.

    Raises
    ------
    RecordingError
        When no channel is known, or one that is named is not there.
    """
    groups = sorted({(channel.rate_hz, channel.t0_s) for channel in channels})
    offers = [
        _offer(channel, groups.index((channel.rate_hz, channel.t0_s))) for channel in channels
    ]
    choice = choose(offers, columns, path.name)
    if not choice.taken:
        raise none_known(choice, path.name)
    series = []
    for signal, taken in choice.taken.items():
        first = channels[taken[0][0]]
        loaded = [how.in_our_unit(channels[place].load()) for place, how in taken]
        values = np.column_stack([part[: min(map(len, loaded))] for part in loaded])
        if wrong := misfit(signal, offers[taken[0][0]], columns, values):
            choice.leave_out(signal, wrong)
        elif len(values):
            series.append(Chunk.regular(signal, name_of(path), first.t0_s, first.rate_hz, values))
    return assemble(
        path,
        kind,
        series,
        started=started,
        markers=markers,
        warnings=[*warnings, *choice.warnings],
        channels=choice.channels,
    )


def _offer(channel: SampledChannel, group: int) -> ChannelOffer:
    name, written = split_unit(channel.label)
    return ChannelOffer(
        channel.label,
        unit=channel.unit or written,
        kind=channel.kind,
        why_not=channel.why_not or _why_no_series(channel),
        name=name,
        group=group,
    )


def _why_no_series(channel: SampledChannel) -> str:
    if not channel.rate_hz > 0.0:
        return "it has no rate"
    if signal_of(channel.label, channel.kind) is Signal.RR:
        return "intervals that are drawn out evenly are no single beats: take the wave itself"
    return ""
