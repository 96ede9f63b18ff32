"""Family B: listeners in discrete time, of stochastic states and chances."""
