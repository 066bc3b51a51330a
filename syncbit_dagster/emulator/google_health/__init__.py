"""The Google Health API v4 and its OAuth, as strict as the real service."""
