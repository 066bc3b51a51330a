"""Where samples are kept. A store knows series, instants and exactness, and nothing of Dagster."""
