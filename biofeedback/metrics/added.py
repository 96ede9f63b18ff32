"""Metrics by name, and those that packages add to a session which asks for them.

A package adds a metric with an entry point in the group `biofeedback.metrics`: what is called with
the keys of `[metrics.plugins.NAME]` by name, and returns an `AddedMetric`. A session has those
metrics whose tables its config holds, in the order of the config.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Protocol

from biofeedback.common.errors import ConfigError, PluginError
from biofeedback.common.plugins import PluginTables, Registry, build
from biofeedback.metrics.base import Reading
from biofeedback.metrics.beats import Beat
from sensors.signals import Chunk, Gap, Signal

__all__ = ["METRICS", "AddedMetric", "AddedMetrics"]


class AddedMetric(Protocol):
    """A streaming metric of one signal.

    With RR as its signal it is fed with beats, whichever sensor and signal they came from, judged
    and without repetition; with any other with the chunks of the source that counts just now, as
    they came: late, twice or with nonsense in them. Gaps of that signal come as well.
    """

    signal: Signal

    def feed(self, item: Beat | Chunk | Gap) -> None:
        """Take in what came.

        Parameters
        ----------
        item
            Beats where its signal is RR, else chunks and gaps of its signal.
        """

    def read(self, now_s: float, contact: float) -> Reading:
        """Return the value over the window that ends now.

        Parameters
        ----------
        now_s
            Session time, in s; it never goes backwards.
        contact
            Trust in the sensor's contact, 0 to 1; it scales the quality.

        Returns
        -------
        Reading
            Of the name that the metric is asked for by.
        """


METRICS: Registry[Callable[..., AddedMetric]] = Registry(
    "metric",
    {
        "heart_rate": "biofeedback.metrics.heart_rate:HeartRate",
        "ln_rmssd": "biofeedback.metrics.hrv_time:LnRmssd",
        "rmssd": "biofeedback.metrics.hrv_time:Rmssd",
        "sdnn": "biofeedback.metrics.hrv_time:Sdnn",
        "pnn50": "biofeedback.metrics.hrv_time:Pnn50",
        "breathing_rate": "biofeedback.metrics.breathing:BreathingRate",
        "scl": "biofeedback.metrics.scl:Scl",
        "scr_rate": "biofeedback.metrics.scr:ScrRate",
        "vlf": "biofeedback.metrics.windowed:compute",
        "lf": "biofeedback.metrics.windowed:compute",
        "hf": "biofeedback.metrics.windowed:compute",
        "lf_hf": "biofeedback.metrics.windowed:compute",
        "eda_tonic": "biofeedback.metrics.windowed:compute",
        "eda_phasic": "biofeedback.metrics.windowed:compute",
        "sd1": "biofeedback.metrics.hrv_time:Sd1",
        "sd2": "biofeedback.metrics.hrv_time:Sd2",
        "stress_index": "biofeedback.metrics.stress_index:StressIndex",
        "coherence": "biofeedback.metrics.coherence:Coherence",
        "motion": "biofeedback.metrics.motion:Motion",
        "skin_temperature": "biofeedback.metrics.skin_temperature:SkinTemperature",
    },
)


class AddedMetrics:
    """The metrics of a session that packages added: each hears of its own signal.

    Parameters
    ----------
    tables
        Settings by name of metric.

    Raises
    ------
    ConfigError
        For a name that no package adds, or settings that a metric refuses.
    """

    def __init__(self, tables: PluginTables) -> None:
        self._metrics = {name: _made(name, tables) for name in tables}

    @property
    def signals(self) -> frozenset[Signal]:
        """What they are made of."""
        return frozenset(metric.signal for metric in self._metrics.values())

    def feed(self, signal: Signal, items: Iterable[Beat | Chunk | Gap]) -> None:
        """Pass on what came of a signal.

        Parameters
        ----------
        signal
            Of what; beats count as RR, wherever they were found.
        items
            In the order in which they came.
        """
        for metric in self._metrics.values():
            if metric.signal is signal:
                for item in items:
                    metric.feed(item)

    def read(self, now_s: float, contact: Callable[[Signal], float]) -> tuple[Reading, ...]:
        """Return each value over the window that ends now.

        Parameters
        ----------
        now_s
            Session time, in s.
        contact
            Tells how far the source of a signal can be trusted, 0 to 1.

        Returns
        -------
        tuple[Reading, ...]
            In the order of the config.
        """
        return tuple(
            _sound(name, metric.read(now_s, contact(metric.signal)))
            for name, metric in self._metrics.items()
        )


def _made(name: str, tables: PluginTables) -> AddedMetric:
    if name in METRICS.built_in:
        raise ConfigError(
            f"metrics.plugins.{name}: this metric is built in",
            hint="Every session has it; its windows are set in [metrics].",
        )
    if METRICS.find(name) is None:
        raise ConfigError(
            f"metrics.plugins.{name}: no package adds a metric of this name",
            hint=METRICS.hint(name),
        )
    return build(METRICS.load(name), tables[name], f"metrics.plugins.{name}")


def _sound(name: str, reading: Reading) -> Reading:
    """Return a reading that is one; raise `PluginError` for what no log could hold."""
    value = reading.value
    if reading.name != name or (value is not None and not math.isfinite(value)):
        raise PluginError(
            f"the metric {name!r} gave {reading}",
            hint="A reading has the metric's name, and a finite value or None.",
        )
    return reading
