"""Computes windowed metrics in a process of its own, one JSON line in, one JSON line out.

Started by `worker_client`, over whose wire it is asked. It ends when the wire ends.
"""

from __future__ import annotations

from contextlib import suppress

import msgspec

from biofeedback.metrics.windowed import Window, WindowResult, compute
from synth.wire import ChildEnd

__all__ = ["main"]


def main() -> None:
    """Answer every window that comes over the wire until it ends.

    A window that makes a library fail is answered with an empty result.
    """
    decoder, encoder = msgspec.json.Decoder(Window), msgspec.json.Encoder()
    with ChildEnd() as wire, suppress(ConnectionError):
        for line in wire.lines():
            window = decoder.decode(line)
            try:
                result = compute(window)
            except (ArithmeticError, ValueError):
                result = WindowResult(window.start_s, window.end_s)
            wire.say(encoder.encode(result) + b"\n")


if __name__ == "__main__":
    main()
