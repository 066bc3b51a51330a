"""Kubernetes manifests as values, rendered, and held to the schemas of the API."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

from syncbit_dagster_tests.deploy import files

FOLDER = files.ROOT / "deploy" / "kubernetes"
VERSIONS = ("1.30", "1.37")  # an old one, and the newest that is known
# Custom resources: their schemas are in no package; tests look at what they refer to.
CUSTOM = {"ServiceMonitor", "ExternalSecret"}
Manifest = dict[str, Any]


@cache
def values() -> Manifest:
    """The values for Dagster's chart."""
    (found,) = documents((FOLDER / "dagster-values.yaml").read_text())
    return found


def code_location() -> Manifest:
    """The code location's part of the values."""
    (only,) = values()["dagster-user-deployments"]["deployments"]
    found: Manifest = only
    return found


def documents(text: str) -> list[Manifest]:
    """All objects of a YAML text."""
    return [one for one in yaml.safe_load_all(text) if one]


@cache
def written(folder: str) -> list[Manifest]:
    """The objects of a kustomization as they are written."""
    root = FOLDER / folder
    (kustomization,) = documents((root / "kustomization.yaml").read_text())
    found = []
    for resource in kustomization["resources"]:
        path = root / resource
        found += written(path.resolve().name) if path.is_dir() else documents(path.read_text())
    return found


def rendered(folder: str) -> list[Manifest]:
    """The objects that kubectl makes of a kustomization; without kubectl, skip the test."""
    if not shutil.which("kubectl"):
        pytest.skip("no kubectl to render the kustomization")
    command = ["kubectl", "kustomize", "--load-restrictor", "LoadRestrictionsNone"]
    return documents(subprocess.check_output([*command, FOLDER / folder], text=True))


def validate(manifest: Manifest) -> None:
    """Hold an object to the API's schema, unknown fields included."""
    if manifest["kind"] not in CUSTOM:
        for version in VERSIONS:
            kubernetes_validate.validate(manifest, version, strict=True)


def of_kind(manifests: list[Manifest], *kinds: str) -> list[Manifest]:
    """Those of some kinds."""
    return [one for one in manifests if one["kind"] in kinds]


def pod(manifest: Manifest) -> Manifest:
    """The pod template of a workload."""
    template: Manifest = manifest["spec"]["template"]
    return template


def selects(selector: Manifest, labels: dict[str, str]) -> bool:
    """Whether a label selector means an object with these labels."""
    same = all(labels.get(name) == value for name, value in selector.get("matchLabels", {}).items())
    return same and all(
        labels.get(one["key"]) in one["values"] for one in selector.get("matchExpressions", [])
    )
