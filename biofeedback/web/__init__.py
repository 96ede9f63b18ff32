"""The page of the listener and the desk of the therapist, served from this computer."""
