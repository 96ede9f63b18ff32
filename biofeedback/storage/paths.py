"""Where things live on this computer: the shipped configs, and a person's own data."""

from __future__ import annotations

from pathlib import Path

import platformdirs

__all__ = ["configs_folder", "data_folder", "sessions_folder"]

#: The home of a user who has none, as Debian writes it into its list of users: nobody can make it.
_HOMELESS = Path("/nonexistent")


def data_folder() -> Path:
    """Return the folder of everything that is remembered; it need not exist yet.

    A user without a name and without HOME gets one that cannot be written, as in a closed home.
    """
    try:
        return Path(platformdirs.user_data_dir("biofeedback", appauthor=False))
    except RuntimeError:
        return _HOMELESS / "biofeedback"


def sessions_folder() -> Path:
    """Return the folder that holds a session's folder unless `--out` says otherwise."""
    return data_folder() / "sessions"


def configs_folder() -> Path:
    """Return the folder of the shipped TOML files: in the wheel, or in the source tree."""
    package = Path(__file__).parent.parent
    installed = package / "_configs"
    return installed if installed.is_dir() else package.parent / "configs"
