"""The library for LSL streams, where it is installed; silent, unless the user configured it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

__all__ = ["load"]


def load(missing: Callable[..., Exception]) -> None:
    """Import the library and keep it from writing on the screen.

    Parameters
    ----------
    missing
        Makes an error of a message and a `hint`.

    Raises
    ------
    Exception
        What `missing` made, where the library is missing.
    """
    try:
        from pylsl import set_config_content
    except (ImportError, RuntimeError) as error:  # RuntimeError: its binary part is missing
        raise missing(
            f"the library for LSL streams is missing: {error}",
            hint="Install it: pip install 'biofeedback[lsl]'",
        ) from error
    theirs = (
        Path("lsl_api.cfg"),
        Path(os.path.expanduser("~"), "lsl_api/lsl_api.cfg"),
        Path("/etc/lsl_api/lsl_api.cfg"),
    )
    if "LSLAPICFG" not in os.environ and not any(path.is_file() for path in theirs):
        set_config_content("[log]\nlevel = -3\n")
