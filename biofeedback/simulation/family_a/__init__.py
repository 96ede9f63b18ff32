"""Family A: listeners in continuous time, of oscillators and delayed responses."""
