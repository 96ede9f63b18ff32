"""Styles: all taste lives here, one file each."""
