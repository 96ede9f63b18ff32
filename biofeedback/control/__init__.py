"""From arousal to musical intentions."""
