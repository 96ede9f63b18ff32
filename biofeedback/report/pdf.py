"""The report as a PDF, printed by a browser that is installed, without showing it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from biofeedback.common.errors import FolderError

__all__ = ["write"]

#: Browsers that print from the command line with these options, by their names on the PATH.
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
_LONGEST_S = 60.0


def write(page: Path) -> Path:
    """Print the HTML file `page` to a PDF beside it; return its path.

    Raises `FolderError` when no browser is found, or when it writes nothing.
    """
    browser = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        raise FolderError(
            "a PDF needs Chromium, Chrome or Edge, and none was found",
            hint=f"Open {page} in any browser and print it to a file.",
        )
    target = page.with_suffix(".pdf")
    try:
        target.unlink(missing_ok=True)
    except OSError as error:
        raise FolderError(
            f"{target} cannot be written: {error.strerror}", hint="Is its folder yours?"
        ) from error
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [
            browser, "--headless", "--disable-gpu", "--no-pdf-header-footer",
            f"--user-data-dir={profile}", f"--print-to-pdf={target.resolve()}",
            page.resolve().as_uri(),
        ]  # fmt: skip
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.append("--no-sandbox")  # Chromium starts for root in no other way
        try:
            subprocess.run(command, capture_output=True, check=True, timeout=_LONGEST_S)
        except (OSError, subprocess.SubprocessError) as error:
            raise FolderError(
                f"{browser} did not print {page}", hint="Open it in a browser and print it."
            ) from error
    if not target.is_file():
        raise FolderError(
            f"{browser} did not print {page}", hint="Open it in a browser and print it."
        )
    return target
