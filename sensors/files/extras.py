"""Libraries that read the formats of laboratories: where one is missing or fails, it is said."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import version
from typing import Any

import numpy as np

from sensors.errors import RecordingError

__all__ = ["library", "reading_by"]


def library(name: str, kind: str, file: str, *, extra: str) -> Any:
    """Return a library, imported.

    Parameters
    ----------
    name
        Of its module.
    kind
        What it reads, in words.
    file
        The file's name, for the error.
    extra
        The extra of ours that installs it.

    Returns
    -------
    Any
        The module.

    Raises
    ------
    RecordingError
        Where it is missing, with the command that installs it.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise RecordingError(
            f"the library for {kind} such as {file} is missing",
            hint=f"Install it: pip install 'biofeedback[{extra}]'",
        ) from error


@contextmanager
def reading_by(name: str, file: str, *, damage: str = "") -> Iterator[None]:
    """Turn whatever a library raises into one line, and keep its own messages from the screen.

    What we make of its answer stays outside, so that a fault of ours is not called one of the file.

    Parameters
    ----------
    name
        Of the library.
    file
        The file's name, for the error.
    damage
        What is known to be wrong with the file; empty where nothing is.

    Raises
    ------
    RecordingError
        With what is wrong with the file, else with what the library says.
    """
    logs = _logs_of(name)  # they print what is told here in one sentence
    for log in logs:
        log.disabled = True
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about what it calls itself
            yield
    except RecordingError:
        raise
    except Exception as error:  # of the library alone
        if damage:
            raise RecordingError(
                f"{file} is damaged: {damage}", hint="Copy or record it again."
            ) from error
        raise RecordingError(
            f"{name} {version(name)} cannot read {file}: {type(error).__name__}: "
            f"{str(error)[:200]}",
            hint="The file was cut or changed, or it holds what the library does not expect: copy "
            f"it again, or try another version of {name}.",
        ) from error
    finally:
        for log in logs:
            log.disabled = False


def _logs_of(name: str) -> list[logging.Logger]:
    """Return the loggers of a library and of its modules that are not switched off already."""
    names = [n for n in logging.root.manager.loggerDict if n == name or n.startswith(f"{name}.")]
    return [log for n in names if not (log := logging.getLogger(n)).disabled]
