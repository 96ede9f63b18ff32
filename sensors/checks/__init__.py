"""Whether what a sensor says fits together: values with time, with each other, with the skin."""
