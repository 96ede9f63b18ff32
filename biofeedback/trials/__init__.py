"""Trials on one person: a frozen protocol, sealed arms, and an analysis that was said before."""
