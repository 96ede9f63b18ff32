"""The ear of a virtual listener: what the music is like just now."""

from __future__ import annotations

from synth.params import MusicParams

__all__ = ["MusicMonitor"]


class MusicMonitor:
    """Holds the parameters of the music that sounds, and None while it is silent."""

    def __init__(self) -> None:
        self._params: MusicParams | None = None

    def hear(self, params: MusicParams | None) -> None:
        """Take in what the music has become."""
        self._params = params

    @property
    def music(self) -> MusicParams | None:
        """The music as it is now."""
        return self._params
