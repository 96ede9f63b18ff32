"""What is shown of a session while it runs: one picture for every screen."""
