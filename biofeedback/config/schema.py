"""The configuration: one frozen structure of the settings that each room defines for itself."""

from __future__ import annotations

import msgspec

from biofeedback.control.build import ControlSettings
from biofeedback.control.curves import Palette
from biofeedback.control.phases import Phase
from biofeedback.group.settings import GroupSettings
from biofeedback.metrics.bank import MetricSettings
from biofeedback.state.estimator import EstimatorSettings

__all__ = ["Config", "MusicSettings"]


class MusicSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The `[music]` table."""

    style: str = "ambient"
    palette: Palette = Palette()


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything a user may set; `config.toml` in a session's folder holds the effective one."""

    title: str = ""
    metrics: MetricSettings = MetricSettings()
    state: EstimatorSettings = EstimatorSettings()
    control: ControlSettings = ControlSettings()
    music: MusicSettings = MusicSettings()
    group: GroupSettings | None = None  #: several wearers; none for one listener
    phase: tuple[Phase, ...] = ()  #: one after the other; none for one strategy throughout
