"""Computes windowed metrics in a process of its own, one JSON line in, one JSON line out.

Run as `python -P -m biofeedback.metrics.neurokit_worker`. It ends when its input ends.
"""

from __future__ import annotations

import os
import sys

import msgspec

from biofeedback.metrics.windowed import Window, WindowResult, compute

__all__ = ["main"]


def main() -> None:
    """Answer every window on standard input until it is closed.

    Whatever libraries write goes to standard error: the answers have standard output to
    themselves. A window that makes a library fail is answered with an empty result.
    """
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    decoder, encoder = msgspec.json.Decoder(Window), msgspec.json.Encoder()
    for line in sys.stdin.buffer:
        window = decoder.decode(line)
        try:
            result = compute(window)
        except (ArithmeticError, ValueError) as error:
            sys.stderr.write(f"window at {window.end_s:g} s: {error}\n")
            result = WindowResult(window.start_s, window.end_s)
        answers.write(encoder.encode(result) + b"\n")
        answers.flush()


if __name__ == "__main__":
    main()
