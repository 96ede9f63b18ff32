"""The set-up that was chosen last: which sensors, and where the music goes."""

from __future__ import annotations

from pathlib import Path

import msgspec

from biofeedback.common.errors import ConfigError
from biofeedback.storage import files
from biofeedback.storage.inventory import SETUP

__all__ = ["Setup", "load", "save"]


class Setup(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Sensors and outputs as the URIs that `biofeedback run` takes."""

    sensors: tuple[str, ...]
    outputs: tuple[str, ...]


def load() -> Setup | None:
    """Return the remembered set-up; None when there is none yet."""
    path = _path()
    try:
        return msgspec.json.decode(path.read_bytes(), type=Setup)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise ConfigError(
            f"the remembered set-up {path} cannot be read: {error}",
            hint="Delete it, or give --sensor and --output.",
        ) from error


def save(setup: Setup) -> None:
    """Remember a set-up, whole or not at all."""
    files.save(
        _path(),
        msgspec.json.format(msgspec.json.encode(setup)),
        what="the set-up ",
        hint="`biofeedback doctor` checks the folder.",
    )


def _path() -> Path:
    return SETUP.path
