"""Recordings of people who hear nothing, played to every programme."""
