"""Answers that no documentation promises, each of which somebody met: one small file a case.

A file says what the server does to its right answers, and what must come of it; the latter is for
the conformance suite. ``syncbit emulator --odd NAME`` plays one.

========== =====================================================================================
name       meaning
========== =====================================================================================
about      one sentence
at         a regular expression: which requests (``GET /path``) are answered oddly
if         which of them: ``has`` a parameter, one ``over`` a number, ``touches`` the odd day, a
           range ``longer`` than so many days
instead    ``status``, ``body`` (JSON), ``text`` and ``headers`` of another answer
change     what happens to the right answer, step by step: ``[verb, path, ...]``
========== =====================================================================================

A path walks by dots; ``*`` is every element of a list, ``@`` those of the odd day, ``$DAY``.
"""

from syncbit_dagster.emulator.odd.play import Case, Odd, case_names, load_case

__all__ = ["Case", "Odd", "case_names", "load_case"]
