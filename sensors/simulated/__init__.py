"""A simulated body, and the sensor that wears it."""
