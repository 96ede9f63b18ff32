"""The voices, and the room they sound in, that live and offline audio share."""
