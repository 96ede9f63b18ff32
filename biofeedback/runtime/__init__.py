"""A running session: sensors, core, log and players, held together and shut down in order."""
