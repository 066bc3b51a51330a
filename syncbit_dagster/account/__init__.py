"""Whose data it is: an account is a value that is passed along, never module state."""
