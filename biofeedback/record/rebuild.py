"""The core of a session that was logged, made again from the header of its log."""

from __future__ import annotations

import msgspec

from biofeedback.common.errors import LogError
from biofeedback.config.schema import Config
from biofeedback.engine.core import Core
from biofeedback.engine.factory import core_for
from biofeedback.record import lines
from biofeedback.record.logged_config import stored_baselines

__all__ = ["config_of", "core_of"]


def config_of(header: lines.HeaderLine) -> Config:
    """Return the whole config of a session.

    Parameters
    ----------
    header
        The first line of a log.

    Returns
    -------
    Config
        As it was then.

    Raises
    ------
    LogError
        When another version wrote it, which has settings that this one does not know.
    """
    try:
        return msgspec.json.decode(header.config, type=Config)
    except msgspec.DecodeError as error:
        raise LogError(
            f"the log's configuration cannot be read: {error}",
            hint="It comes from another version, or was edited.",
        ) from error


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
    config = config_of(header)
    baselines = stored_baselines(header.baseline, of_a_group=config.group is not None)
    return core_for(config, header.seed, baselines)
