"""What Dagster's chart makes of the project's values: as it is expected, and as Helm renders it.

The chart is in no package registry. Whoever has a copy names its folder in
``SYNCBIT_DAGSTER_CHART``; Helm's own library, of the extra ``charts``, renders it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from syncbit_dagster_tests.deploy.manifests import Manifest, documents, values

if TYPE_CHECKING:
    from collections.abc import Mapping

RELEASE = "dagster"  # what the documented command calls it
NAMESPACE = "syncbit"
USER_DEPLOYMENTS = f"{RELEASE}-dagster-user-deployments"


def code_location() -> Manifest:
    """The code location's part of the values."""
    (only,) = values()["dagster-user-deployments"]["deployments"]
    found: Manifest = only
    return found


def launcher_config() -> Manifest:
    """The launcher's configuration that the chart writes into ``dagster.yaml``."""
    given = values()["runLauncher"]["config"]["k8sRunLauncher"]
    written = {_snake(name): value for name, value in given.items() if value}
    run = {_snake(name): value for name, value in given["runK8sConfig"].items()}
    return {
        **written,
        "run_k8s_config": run,
        "job_namespace": NAMESPACE,
        "service_account_name": RELEASE,
        "dagster_home": values()["global"]["dagsterHome"],
        "instance_config_map": f"{RELEASE}-instance",
        "postgres_password_secret": values()["global"]["postgresqlSecretName"],
    }


def container_context() -> Manifest:
    """What the chart lets the code location say of its runs."""
    given = code_location()
    assert given["includeConfigInLaunchedRuns"]["enabled"]
    settings = [one["name"] for one in given["envConfigMaps"]]
    return {
        "k8s": {
            "image_pull_policy": given["image"]["pullPolicy"],
            "env_config_maps": [f"{USER_DEPLOYMENTS}-{given['name']}-user-env", *settings],
            "volume_mounts": given["volumeMounts"],
            "volumes": given["volumes"],
            "labels": given["labels"],
            "resources": given["resources"],
            "namespace": NAMESPACE,
            "service_account_name": f"{USER_DEPLOYMENTS}-user-deployments",
            "run_k8s_config": {"pod_spec_config": {"automount_service_account_token": True}},
        }
    }


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def dagsters_chart() -> Path:
    """The folder with Dagster's chart; the test is skipped where there is none."""
    folder = os.environ.get("SYNCBIT_DAGSTER_CHART")
    if not folder:
        pytest.skip("no copy of Dagster's chart; set SYNCBIT_DAGSTER_CHART")
    return Path(folder)


def render(chart: Path, given: Mapping[str, Any], scratch: Path) -> list[Manifest]:
    """The objects that Helm makes of a chart with these values, held to the chart's own schema."""
    helm = pytest.importorskip("helm_python", reason="no Helm: install the extra `charts`")
    local = shutil.copytree(chart, scratch / "chart", dirs_exist_ok=True)
    for schema in local.rglob("values.schema.json"):
        schema.write_text(json.dumps(_without_addresses(json.loads(schema.read_text()))))
    with helm.Chart.load(local) as loaded:
        rendered = loaded.render(dict(given), name=RELEASE, namespace=NAMESPACE)
    return [one for text in rendered.values() for one in documents(text)]


def _without_addresses(schema: Any) -> Any:
    """A schema without its references to schemas of Kubernetes elsewhere in the net."""
    if isinstance(schema, dict):
        return {
            name: _without_addresses(one)
            for name, one in schema.items()
            if not (name == "$ref" and str(one).startswith("http"))
        }
    return [_without_addresses(one) for one in schema] if isinstance(schema, list) else schema
