"""The core of a session that was logged, made again from the header of its log."""

from __future__ import annotations

import msgspec

from biofeedback.common.errors import LogError
from biofeedback.config.schema import Config
from biofeedback.engine.core import Core
from biofeedback.engine.factory import core_for
from biofeedback.record import lines
from biofeedback.state.baseline import Baseline

__all__ = ["core_of"]


def core_of(header: lines.HeaderLine) -> Core:
    """Return the core that a log's header describes.

    Parameters
    ----------
    header
        The first line of a log.

    Returns
    -------
    Core
        At its beginning, with the seed and the baselines of then.

    Raises
    ------
    LogError
        When its configuration cannot be read.
    """
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
