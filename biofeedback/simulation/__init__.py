"""Virtual listeners who hear the music and respond."""
