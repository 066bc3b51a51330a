"""Backups are worth what a restore gives back."""
