"""Music that follows a body and leads it towards calm: measure, decide, remember."""

__all__ = ["__version__"]

__version__ = "0.1.0"
