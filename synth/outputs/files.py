"""Files appear complete or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from synth.errors import RenderError

__all__ = ["replacing"]


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, which takes its place when the block succeeds.

    On an exception the temporary file goes away, and whatever stood at `path` stays.

    Parameters
    ----------
    path
        The file to come; its folder exists.

    Yields
    ------
    Path
        In the same folder, so that taking the place is one step.

    Raises
    ------
    RenderError
        When the system refuses to write it.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        try:
            yield partial
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise RenderError(
            f"cannot write {path}: {error.strerror or error}",
            hint="Choose a folder that exists, has room and belongs to you.",
        ) from error
