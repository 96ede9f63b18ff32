"""Hands on the music from outside the screen: MIDI and OSC controllers, and the clock of others."""

from biofeedback.controllers.build import check, controls_folder, opened

__all__ = ["check", "controls_folder", "opened"]
