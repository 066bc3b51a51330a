"""As much of a cluster's API as `kubectl apply` asks: what kinds there are, and objects kept.

An object that the API's schemas do not allow is refused, as a cluster does it.
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar

import kubernetes_validate  # type: ignore[import-untyped]

from syncbit_dagster_tests.deploy.manifests import CUSTOM, VERSIONS, Manifest

if TYPE_CHECKING:
    from collections.abc import Iterator

# Kind, plural, whether it lies in a namespace; by group and version.
KINDS = {
    "v1": [
        ("Namespace", "namespaces", False),
        ("ConfigMap", "configmaps", True),
        ("Service", "services", True),
        ("Secret", "secrets", True),
    ],
    "apps/v1": [("Deployment", "deployments", True), ("StatefulSet", "statefulsets", True)],
    "networking.k8s.io/v1": [("NetworkPolicy", "networkpolicies", True)],
    "monitoring.coreos.com/v1": [("ServiceMonitor", "servicemonitors", True)],
}
VERBS = ["create", "get", "list", "patch"]


def root(version: str) -> str:
    return f"api/{version}" if "/" not in version else f"apis/{version}"


def resources(version: str) -> Manifest:
    """What the API has of a group and version."""
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": version,
        "resources": [
            {"name": plural, "kind": kind, "namespaced": inside, "singularName": kind.lower()}
            | {"verbs": VERBS}
            for kind, plural, inside in KINDS[version]
        ],
    }


def groups() -> Manifest:
    named = [version for version in KINDS if "/" in version]
    found = []
    for version in named:
        one = {"groupVersion": version, "version": version.split("/")[1]}
        found.append({"name": version.split("/")[0], "versions": [one], "preferredVersion": one})
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": found}


def description(version: str) -> Manifest:
    """OpenAPI: that this server looks at fields itself, for each kind."""
    group, _, number = version.rpartition("/")
    parameters = [{"name": "fieldValidation", "in": "query", "schema": {"type": "string"}}]
    paths = {
        f"/{root(version)}/{plural}/{{name}}": {
            "patch": {
                "parameters": parameters,
                "responses": {},
                "x-kubernetes-group-version-kind": {
                    "group": group,
                    "version": number,
                    "kind": kind,
                },
            }
        }
        for kind, plural, _ in KINDS[version]
    }
    return {"openapi": "3.0.0", "info": {"title": "cluster", "version": "1"}, "paths": paths}


def answers() -> dict[str, Manifest]:
    """What is the same for every client, by path."""
    index = {root(one): {"serverRelativeURL": f"/openapi/v3/{root(one)}"} for one in KINDS}
    return {
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/apis": groups(),
        "/openapi/v3": {"paths": index},
        **{f"/{root(one)}": resources(one) for one in KINDS},
        **{f"/openapi/v3/{root(one)}": description(one) for one in KINDS},
    }


class Handler(BaseHTTPRequestHandler):
    """One request of kubectl."""

    timeout = 10
    fixed: ClassVar[dict[str, Manifest]] = answers()
    kept: ClassVar[dict[str, Manifest]]

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        found = self.fixed.get(path) or self.kept.get(path)
        if found is None:
            self._refuse(404, "NotFound", f"{path} not found")
        else:
            self._answer(200, found)

    def do_POST(self) -> None:
        manifest = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = manifest["metadata"]["name"]
        try:
            if manifest["kind"] not in CUSTOM:
                kubernetes_validate.validate(manifest, VERSIONS[-1], strict=True)
        except kubernetes_validate.ValidationError as error:
            return self._refuse(422, "Invalid", f"{name} is invalid: {error.message}")
        self.kept[f"{self.path.split('?')[0]}/{name}"] = manifest
        return self._answer(201, manifest)

    def _refuse(self, code: int, reason: str, message: str) -> None:
        status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
        self._answer(code, {**status, "code": code, "reason": reason, "message": message})

    def _answer(self, code: int, content: Any) -> None:
        body = json.dumps(content).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""


@contextmanager
def cluster() -> Iterator[tuple[str, dict[str, Manifest]]]:
    """Its address, and the objects that it has, by their paths."""
    kept: dict[str, Manifest] = {}
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Own", (Handler,), {"kept": kept})) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", kept
        finally:
            server.shutdown()
            thread.join()
