"""The command `syncbit`."""
