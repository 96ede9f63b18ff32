"""What each kind of part promises, as test suites that whoever adds one can run on it."""
