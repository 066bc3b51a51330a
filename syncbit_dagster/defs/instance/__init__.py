"""Dagster's instance: how it stores events, and what is on its record."""
