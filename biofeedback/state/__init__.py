"""From readings to one arousal with an interval."""
