"""The legacy Fitbit Web API and its OAuth, as strict as the real service was."""
