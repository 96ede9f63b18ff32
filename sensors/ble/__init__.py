"""Bluetooth Low Energy sensors through bleak."""
