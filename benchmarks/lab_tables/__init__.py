"""What `benchmarks/lab.py` prints, a file for each part."""
