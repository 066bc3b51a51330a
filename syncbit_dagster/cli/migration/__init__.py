"""Moving from the SyncBit daemon: what of its files and of its samples is of use, and what not."""
