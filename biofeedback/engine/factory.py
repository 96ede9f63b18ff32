"""The core of a session, made of its config."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from biofeedback.config.schema import Config
from biofeedback.config.styles import STYLES, load_style
from biofeedback.engine.core import Core, CoreSettings
from biofeedback.state.baseline import Baseline
from synth.compose.style import Style

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
    settings = settings_of(config)
    styles = _styles()
    style = styles.get(config.music.style) or load_style(config.music.style)
    return Core(settings, style, seed, baselines, styles)


@cache
def _styles() -> dict[str, Style]:
    """Return those that can be asked for while another plays: all whose code is in the digest."""
    return {name: load_style(name) for name in STYLES.built_in}
