"""A session as one page that a person can read."""
