"""What everybody speaks: civil time, wall clocks, samples, errors."""
