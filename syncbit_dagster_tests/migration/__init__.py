"""Moving from the SyncBit daemon."""
