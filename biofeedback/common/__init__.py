"""What every room stands on: errors, the clock, background tasks, the event bus, stopping."""
