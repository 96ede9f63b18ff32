"""Writes the files of a session that is over, as a program of its own.

`python -m biofeedback.web.files FOLDER [OUTPUT]` writes session.mid and report.html, and what
OUTPUT names. It gives way to everything else on the computer, since music may be playing.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from biofeedback.app import postprocess
from biofeedback.common.errors import hint_of
from biofeedback.config.outputs import output_spec

__all__ = ["main"]

_NICENESS = 10


def main(folder: str, *outputs: str) -> int:
    """Write what can be written; return 2 when anything could not."""
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    code = 0
    for step in postprocess.steps(Path(folder), [output_spec(uri) for uri in outputs]):
        try:
            step.do(lambda share: None)
        except Exception as error:
            if (hint := hint_of(error)) is None:
                raise
            sys.stderr.write(f"{error} {hint}\n")
            code = 2
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
