"""What a user may set: the tables, how they are read, and the MIDI maps."""
