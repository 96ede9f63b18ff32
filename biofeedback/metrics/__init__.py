"""Streaming and windowed physiology; each value carries its quality."""
