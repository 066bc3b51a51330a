"""Own your Fitbit data: daily partitions from the API into your own VictoriaMetrics, by Dagster.

The data's way, in folder names: ``catalog`` says what exists, ``sources`` fetch it, ``samples``
is the table it travels in, ``stores`` keep it, and ``defs`` wires the three into Dagster.
"""
