"""A player on the tests' own cables that takes its time to open and to close: `SLOW_PLAYER`."""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

from cable_player import list_ports, open_port

from synth.outputs import rtmidi_binding
from synth.player import process


def main() -> int:
    """Play as any player does, `OPEN,CLOSE` seconds later."""
    wait = threading.Event().wait
    open_s, close_s = (float(part) for part in os.environ["SLOW_PLAYER"].split(","))
    opened = process.build

    def build(*given: Any) -> Any:
        wait(open_s)
        return opened(*given)

    process.build = build
    code = process.main()
    wait(close_s)  # silent already
    return code


if __name__ == "__main__":
    rtmidi_binding.list_ports = list_ports
    rtmidi_binding.open_port = open_port
    sys.stdout.flush()
    os._exit(main())
