"""How much sound reached the ears, estimated from one level that a person measured.

Without such a measurement nothing is known: how loud it is decide amplifier, headphones and fit.
The allowance is that of WHO and ITU-T H.870 (2018), mode 1, for adults: 80 dB(A) for 40 hours in
seven days, a sound exposure of 1.6 Pa² h; 3 dB more halve the time.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from biofeedback.common.errors import ConfigError, FolderError
from biofeedback.record import lines
from biofeedback.storage import encryption
from biofeedback.storage.inventory import HEARING
from biofeedback.storage.locks import locked

__all__ = ["ALLOWANCE_PA2H", "DAYS", "LevelCalibration", "SoundExposure", "heard", "keep", "known"]

ALLOWANCE_PA2H = 1.6
DAYS = 7
_QUIETEST_PA2 = (20e-6) ** 2  #: 0 dB


class LevelCalibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The level at the ear, measured over some music at one volume.

    It holds for an output while amplifier and headphones stay as they were.
    """

    output: Annotated[str, Meta(max_length=200, pattern="^audio:")]  #: as the session is given it
    volume: Annotated[float, Meta(gt=0.0, le=1.0)]  #: the one it was measured at
    level_dba: Annotated[float, Meta(ge=30.0, le=110.0)]  #: mean level at the ear
    measured_utc: str = ""  #: when, in ISO 8601

    def level(self, volume: float) -> float:
        """Return the level in dB(A) at a volume above 0; volume is a factor of the amplitude.

        Parameters
        ----------
        volume
            Above 0, up to 1.

        Returns
        -------
        float
            In dB(A).
        """
        return self.level_dba + 20.0 * math.log10(volume / self.volume)


@dataclass(frozen=True, slots=True)
class SoundExposure:
    """What reached the ears while the music played."""

    seconds: float  #: in which something could be heard
    exposure_pa2h: float  #: in Pa² h

    @property
    def level_dba(self) -> float | None:
        """The steady level of the same exposure; None when nothing could be heard."""
        if self.exposure_pa2h <= 0.0:
            return None
        return 10.0 * math.log10(self.exposure_pa2h / (self.seconds / 3600.0) / _QUIETEST_PA2)

    @property
    def share(self) -> float:
        """How much of a week's allowance that is, 1 for all of it."""
        return self.exposure_pa2h / ALLOWANCE_PA2H


def heard(
    log: Iterable[lines.Line], calibrations: Iterable[LevelCalibration]
) -> SoundExposure | None:
    """Return what a session's log amounts to; None where its output was not calibrated.

    The music counts as loud as it was measured, from its first note to the end of the log, at the
    volume that was asked for and bounded. Softer music makes the estimate too high, not too low.

    Parameters
    ----------
    log
        All lines of a session, in order.
    calibrations
        What was measured, one for each output.

    Returns
    -------
    SoundExposure | None
        Seconds and exposure up to the end of the log.

    References
    ----------
    WHO and ITU-T H.870, 2018
    """
    by_output = {each.output: each for each in calibrations}
    used: LevelCalibration | None = None
    volume, most, since_s, begun = 0.0, 1.0, 0.0, False
    seconds = exposure = 0.0
    for line in log:
        if isinstance(line, lines.HeaderLine):
            used = next((by_output[each] for each in line.outputs if each in by_output), None)
            if used is None:
                return None
            continue
        assert used is not None
        audible = min(volume, most) if begun else 0.0
        if audible > 0.0:
            passed_s = max(0.0, line.t - since_s)
            pressure = _QUIETEST_PA2 * 10.0 ** (used.level(audible) / 10.0)
            seconds, exposure = seconds + passed_s, exposure + pressure * passed_s / 3600.0
        since_s = max(since_s, line.t)
        match line:
            case lines.CommandLine(what="volume"):
                volume = float(line.value)
            case lines.DecisionLine():
                most = line.numbers.get("volume_most", 1.0)
            case lines.NoteLine():
                begun = True
            case lines.EndLine():
                break
            case _:
                pass
    return None if used is None else SoundExposure(seconds, exposure)


def known() -> list[LevelCalibration]:
    """Return what was measured, by output.

    Returns
    -------
    list[LevelCalibration]
        Empty when nothing was ever measured.

    Raises
    ------
    ConfigError
        When the file cannot be read.
    """
    try:
        return msgspec.json.decode(encryption.read(_path()), type=list[LevelCalibration])
    except FileNotFoundError:
        return []
    except (OSError, msgspec.DecodeError) as error:
        raise ConfigError(
            f"{_path()} cannot be read: {error}", hint="Delete it, then measure again."
        ) from error


def keep(calibration: LevelCalibration) -> None:
    """Remember a measurement; it takes the place of an earlier one of the same output.

    Parameters
    ----------
    calibration
        What was measured.

    Raises
    ------
    FolderError
        When the file cannot be written.
    ConfigError
        When what is there cannot be read.
    """
    with locked(_path().with_name(f".{_path().name}.lock")):
        kept = [each for each in known() if each.output != calibration.output] + [calibration]
        try:
            encryption.write(_path(), msgspec.json.format(msgspec.json.encode(kept)))
        except OSError as error:
            raise FolderError(f"{_path()} cannot be written: {error.strerror}") from error


def _path() -> Path:
    return HEARING.path
