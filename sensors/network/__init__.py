"""Sensors that come over a network: LSL streams, OSC messages, the E4 streaming server."""
