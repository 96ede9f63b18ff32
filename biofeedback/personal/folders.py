"""Where a person's own data live on this computer."""

from __future__ import annotations

from pathlib import Path

import platformdirs

__all__ = ["data_folder", "sessions_folder"]


def data_folder() -> Path:
    """Return the folder of everything that is remembered; it need not exist yet."""
    return Path(platformdirs.user_data_dir("biofeedback", appauthor=False))


def sessions_folder() -> Path:
    """Return the folder that holds a session's folder unless `--out` says otherwise."""
    return data_folder() / "sessions"
