"""Pure decisions: what to fetch next, and when a day is over."""
