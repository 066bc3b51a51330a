"""The request budget of an account, shared by all processes that work for it.

Written here rather than taken from a library, after a look at pyrate-limiter 4.5 and limits 5.8:
both share a window between processes, but neither takes a correction from a provider's headers (a
second program may use the same account), keeps a reserve for urgent requests, survives a clock that
is set back, or says when it will go on. What is left of them then is a table with instants.
"""

from syncbit_dagster.quota.budget import Budget, WaitTooLongError

__all__ = ["Budget", "WaitTooLongError"]
