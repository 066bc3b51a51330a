"""The faults of the SyncBit daemon, each as a test that the daemon would fail.

B1 to B13 are the faults that its users met or its code shows; a test's docstring names its own.
For some of them :mod:`.old_daemon` does what the daemon did, and the same proof must reject it.
"""
