"""A folder of what needs no code: the profile of a band in `devices`."""
