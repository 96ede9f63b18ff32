"""The pure core: inputs in, decisions and notes out, byte for byte the same from the same log."""
