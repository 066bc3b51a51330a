"""What the processes of an account share: tokens and counts of requests, locked and kept safe."""
