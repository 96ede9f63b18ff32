"""Run the player: `python -P -m synth.player`, which a session starts for each live output."""

from __future__ import annotations

import os

from synth.player.process import main

if __name__ == "__main__":
    os._exit(main())  # without tearing audio libraries down, which may crash at the very end
