"""Where samples come from, one folder a provider. Sources know nothing of Dagster or stores."""
