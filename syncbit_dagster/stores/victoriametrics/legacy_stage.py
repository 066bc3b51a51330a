"""Completes what versions before the journal left when they died in the middle of a correction.

They kept a series' new content in the server, as ``syncbit_stage_<metric>``, and a marker
``syncbit_commit_<metric>`` once that was complete; its first number is how many samples it has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncbit_dagster.core.samples import encode_labels
from syncbit_dagster.stores.errors import StoreUnavailableError
from syncbit_dagster.stores.victoriametrics import encoding, selectors
from syncbit_dagster.stores.victoriametrics.series_copy import Content

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncbit_dagster.stores.victoriametrics.client import Client
    from syncbit_dagster.stores.victoriametrics.correction import Corrector
    from syncbit_dagster.stores.victoriametrics.durability import Settler

STAGE, COMMIT = "syncbit_stage_", "syncbit_commit_"


def complete(
    client: Client,
    settler: Settler,
    corrector: Corrector,
    labels: Mapping[str, str],
    extra_labels: Mapping[str, str],
) -> None:
    """Finish the corrections that were complete in the server, and remove all that is left of them.

    Args:
        labels: the account's.
        extra_labels: the store's.
    """
    leftovers = selectors.having([f"{STAGE}.+", f"{COMMIT}.+"], {**labels, **extra_labels})
    found = client.series(leftovers)
    if not found:
        return
    names = {name for one in found for name in one}
    contents = []
    for stage in found:
        metric = stage["__name__"].removeprefix(STAGE)
        marker = {**stage, "__name__": COMMIT + metric}
        if marker not in found:
            continue
        numbers = encoding.collect(client.export(selectors.alone(marker, names)))
        if not numbers:
            raise StoreUnavailableError(
                f"{marker['__name__']} cannot be read, without which nobody knows whether "
                f"{stage['__name__']} is complete; run again. Nothing was changed."
            )
        hidden = {"__name__", *extra_labels}
        own = {name: value for name, value in stage.items() if name not in hidden}
        count = round(numbers[0].values[0])
        contents.append(Content(metric, encode_labels(own), stage["__name__"], fewest=count))
    if contents:
        corrector.replace(labels, contents)
    # A stage without its marker was never complete, a marker without its stage has been dealt with.
    client.delete([leftovers])
    settler.make_durable()
