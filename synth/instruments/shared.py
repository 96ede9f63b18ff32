"""What voices are built of, beside their own oscillators: wave tables, noise, and a gate each."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from synth.instruments import patches

__all__ = ["Gate", "SharedTables"]

_LONGEST_BLOCK_S = 0.2


class SharedTables:
    """What voices have in common: wave tables, noise and vibratos, made when first asked for.

    Parameters
    ----------
    pyo
        The library, with a server that is booted.
    rate_hz
        Samples a second of that server.
    """

    def __init__(self, pyo: ModuleType, rate_hz: float) -> None:
        self.pyo, self.rate_hz = pyo, rate_hz
        self.decay = pyo.ExpTable([(0, 1.0), (8191, 0.0)], exp=5, size=8192)
        self.noise = pyo.Noise(0.5)
        self._tables: dict[str, Any] = {}
        self._vibratos: dict[tuple[float, float], Any] = {}
        self._airs: dict[float, Any] = {}

    def table(self, name: str) -> Any:
        """Return one of `patches.TABLES`.

        Parameters
        ----------
        name
            A key of `patches.TABLES`; KeyError for another.

        Returns
        -------
        Any
            One period, as a pyo table of 4096 points.
        """
        if name not in self._tables:
            self._tables[name] = self.pyo.HarmTable(list(patches.TABLES[name]), size=4096)
        return self._tables[name]

    def vibrato(self, cents: float, hertz: float) -> Any:
        """Return the factor of a frequency that wavers; plainly 1 for no cents.

        Parameters
        ----------
        cents
            Depth, to either side.
        hertz
            Its rate.

        Returns
        -------
        Any
            A pyo object, shared by all who ask for the same.
        """
        if not cents:
            return 1.0
        depth = 2.0 ** (cents / 1200.0) - 1.0
        if (cents, hertz) not in self._vibratos:
            self._vibratos[cents, hertz] = self.pyo.Sine(hertz, mul=depth, add=1.0)
        return self._vibratos[cents, hertz]

    def air(self, share: float) -> Any:
        """Return the noise of breath or bow.

        Parameters
        ----------
        share
            Loudness, 0 to 1.

        Returns
        -------
        Any
            A pyo object, shared by all who ask for the same.
        """
        if share not in self._airs:
            self._airs[share] = self.pyo.ButBP(self.noise, freq=2400.0, q=0.8, mul=8.0 * share)
        return self._airs[share]


class Gate:
    """A gate and a trigger that act at a sample inside the coming block.

    Parameters
    ----------
    pyo
        The library, with a server that is booted.
    sample_rate_hz
        Samples a second of that server.

    Attributes
    ----------
    level
        The pyo object of the level.
    trigger
        The pyo object that a strike triggers.
    parts
        What computes it.
    """

    def __init__(self, pyo: ModuleType, sample_rate_hz: float) -> None:
        self._rate = sample_rate_hz
        self._level = pyo.Sig(0.0)
        self._trigger = pyo.Trig()
        self._trigger.stop()
        self._placed = pyo.SDelay(
            [self._level, self._trigger], delay=0.0, maxdelay=_LONGEST_BLOCK_S
        )
        self.level = self._placed[0]
        self.trigger = self._placed[1]
        self.parts = (self._level, self._placed)

    def set(self, offset: int, level: float, *, strike: bool = False) -> None:
        """Change the level at a sample of the coming block; `strike` pulls the trigger there.

        Parameters
        ----------
        offset
            In samples from the start of the coming block.
        level
            From there on, 0 to 1.
        strike
            Whether to pull the trigger.
        """
        self._placed.delay = (offset + 0.5) / self._rate  # pyo truncates to whole samples
        self._level.value = level
        if strike:
            self._trigger.play()
