"""The forms that a plot can have. Each takes readings of a period and gives a plotly figure."""
