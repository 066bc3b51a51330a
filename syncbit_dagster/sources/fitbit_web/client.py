"""The API's calls: a planned request in, its answer out."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from syncbit_dagster.sources.errors import NothingThereError, UnexpectedResponseError
from syncbit_dagster.sources.fitbit_web.plan import NightlyRequest, SummaryRequest

if TYPE_CHECKING:
    from syncbit_dagster.sources.fitbit_web.plan import Request
    from syncbit_dagster.sources.http import ApiClient

KEPT_SUMMARIES = 31  # some kilobytes each


class FitbitWebClient:
    """The requests that this project needs.

    Nothing but the path and the bearer is sent: without ``Accept-Language``, every unit is metric.

    A day's summary is kept for the assets of a run that share it, so that a client serves one run.
    """

    def __init__(self, api: ApiClient) -> None:
        self.api = api
        self._summaries: OrderedDict[SummaryRequest, Any] = OrderedDict()

    def answer(self, request: Request) -> Any:
        """The answer's JSON; None where the API has nothing for these nights."""
        if isinstance(request, SummaryRequest):
            return self._summary(request)
        try:
            return self.api.get_any(request.path)
        except NothingThereError:
            if isinstance(request, NightlyRequest):
                return None
            raise

    def devices(self) -> list[Any]:
        """The account's devices."""
        path = "/1/user/-/devices.json"
        devices = self.api.get_any(path)
        if not isinstance(devices, list):
            raise UnexpectedResponseError(f"{path} did not answer with a list.")
        return devices

    def profile(self) -> dict[str, Any]:
        """The account's profile, with its time zone and the first day of membership."""
        return self.api.get("/1/user/-/profile.json")

    def _summary(self, request: SummaryRequest) -> Any:
        if request not in self._summaries:
            self._summaries[request] = self.api.get_any(request.path)
            if len(self._summaries) > KEPT_SUMMARIES:
                self._summaries.popitem(last=False)
        return self._summaries[request]
