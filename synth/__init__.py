"""Musical intentions, turned into sound, MIDI and files."""
