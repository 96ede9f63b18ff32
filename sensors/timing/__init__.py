"""From device clocks and packets to session time: beats, samples, waveforms, offsets, drift."""
