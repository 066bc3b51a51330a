"""Dagster's view of it: thin wiring of catalogue, source and store. No logic of its own."""
