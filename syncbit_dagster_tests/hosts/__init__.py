"""Several hosts without a shared disk, at one account and one store."""
