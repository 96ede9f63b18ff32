"""Where the music goes: ports, sound and files, one file each."""
