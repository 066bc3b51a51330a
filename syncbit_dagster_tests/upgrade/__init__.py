"""The state that each release left behind starts under today's code."""
