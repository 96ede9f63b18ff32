"""The core of a session, made from its config or from the header of its log."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec

from biofeedback.common.errors import LogError
from biofeedback.config.schema import Config
from biofeedback.engine.core import Core, CoreSettings
from biofeedback.record import lines
from biofeedback.state.baseline import Baseline
from biofeedback.storage.paths import configs_folder
from synth.styles.base import Style
from synth.styles.load import load as load_style
from synth.styles.load import names as style_names

__all__ = ["core_for", "core_of"]


def core_of(header: lines.HeaderLine) -> Core:
    """Return the core that a log's header describes."""
    try:
        config = msgspec.json.decode(header.config, type=Config)
        known = (
            msgspec.json.decode(header.baseline, type=Baseline | None) if not config.group else None
        )
        baselines = (
            msgspec.json.decode(header.baseline, type=dict[str, Baseline])
            if config.group
            else {"": known}
            if known
            else {}
        )
    except msgspec.DecodeError as error:
        raise LogError(
            f"the log's configuration cannot be read: {error}",
            hint="It comes from another version, or was edited.",
        ) from error
    return core_for(config, header.seed, baselines)


def core_for(config: Config, seed: int, baselines: Mapping[str, Baseline]) -> Core:
    """Return a new core of a config, with the resting values of each wearer; "" is a single one."""
    settings = CoreSettings(
        metrics=config.metrics,
        state=config.state,
        control=config.control,
        palette=config.music.palette,
        phases=config.phase,
        group=config.group,
    )
    styles = _styles()
    style = styles.get(config.music.style) or load_style(config.music.style, _styles_folder())
    return Core(settings, style, seed, baselines, styles)


@cache
def _styles() -> dict[str, Style]:
    return {name: load_style(name, _styles_folder()) for name in style_names()}


def _styles_folder() -> Path:
    return configs_folder() / "styles"
