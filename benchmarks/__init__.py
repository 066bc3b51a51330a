"""Measurements, each a command that prints ratios of figures taken side by side in one run."""
