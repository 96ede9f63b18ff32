"""The parts of `benchmarks/physiology.py`, one idea a file."""
