"""The resources of a run: the source it asks, the figures it notes."""
