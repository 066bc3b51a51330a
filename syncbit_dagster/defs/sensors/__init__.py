"""The sensors: the history, the devices, failed runs."""
