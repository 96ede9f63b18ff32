"""Radio packets, network streams and recordings, turned into timestamped samples."""
