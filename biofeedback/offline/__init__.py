"""What is computed from recordings and kept sessions, with nobody waiting for it live."""
