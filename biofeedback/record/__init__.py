"""The session log: written, read back, verified and exported."""
