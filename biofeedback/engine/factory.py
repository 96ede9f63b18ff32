"""The core of a session, made of its config."""

from __future__ import annotations

from collections.abc import Mapping

from biofeedback.config.schema import Config
from biofeedback.config.styles import load_style
from biofeedback.engine.core import Core, CoreSettings
from biofeedback.state.baseline import Baseline

__all__ = ["core_for", "settings_of"]


def settings_of(config: Config) -> CoreSettings:
    """Return what a core is told of a config."""
    return CoreSettings(
        metrics=config.metrics,
        state=config.state,
        control=config.control,
        palette=config.music.palette,
        phases=config.phase,
        group=config.group,
    )


def core_for(config: Config, seed: int, baselines: Mapping[str, Baseline]) -> Core:
    """Return a new core of a config, with the resting values of each wearer; "" is a single one."""
    style = load_style(config.music.style)
    return Core(settings_of(config), style, seed, baselines, load_style)
