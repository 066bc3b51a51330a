"""Say in one sentence that the interpreter is too old, before pip says it in twenty."""

import sys

if sys.version_info < (3, 11):
    sys.exit("syncbit_dagster needs Python 3.11 or newer; set PYTHON=python3.11 for make.")
