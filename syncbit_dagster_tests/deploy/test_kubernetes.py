"""The kustomization: legal by the API's schemas, closed by default, and complete."""

from __future__ import annotations

import kubernetes_validate  # type: ignore[import-untyped]
import pytest

from syncbit_dagster.config import VARIABLES
from syncbit_dagster_tests.deploy import files
from syncbit_dagster_tests.deploy.manifests import (
    FOLDER,
    Manifest,
    documents,
    of_kind,
    pod,
    rendered,
    selects,
    validate,
    values,
    written,
)

FOLDERS = ["syncbit", "external-secrets"]
(CODE,) = values()["dagster-user-deployments"]["deployments"]
DAGSTER = {
    "webserver": values()["dagsterWebserver"]["labels"],
    "daemon": values()["dagsterDaemon"]["labels"],
    "account": CODE["labels"],  # the code location and its runs
}
OURS = {"victoriametrics": {"app": "victoriametrics"}, "vmalert": {"app": "vmalert"}}
PODS = DAGSTER | OURS


def test_what_is_written_is_legal() -> None:
    for manifest in written("external-secrets"):  # which has all of the other in it
        validate(manifest)


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_is_rendered_is_complete(folder: str) -> None:
    found = rendered(folder)
    for manifest in found:
        assert manifest["kind"] == "Namespace" or manifest["metadata"]["namespace"] == "syncbit"
    assert len(found) == len(written(folder)) + 1  # the generated rules
    (rules,) = [one for one in of_kind(found, "ConfigMap") if "rules.yml" in one["data"]]
    validate(rules)
    assert rules["data"]["rules.yml"] == (files.ROOT / "deploy/vmalert/rules.yml").read_text()
    mounted = [
        volume["configMap"]["name"]
        for workload in of_kind(found, "Deployment")
        for volume in pod(workload)["spec"]["volumes"]
    ]
    assert mounted == [rules["metadata"]["name"]]


def test_the_schemas_notice_a_mistake() -> None:
    (policy, *_) = of_kind(written("syncbit"), "NetworkPolicy")
    wrong = {**policy, "spec": {**policy["spec"], "policyType": ["Ingress"]}}
    with pytest.raises(kubernetes_validate.ValidationError, match="policyType"):
        validate(wrong)


def test_the_example_of_secrets_holds_what_is_mounted() -> None:
    examples = documents((FOLDER / "syncbit" / "secrets.example.yaml").read_text())
    external = of_kind(written("external-secrets"), "ExternalSecret")
    given = {one["metadata"]["name"]: set(one["stringData"]) for one in examples}
    fetched = {
        one["spec"]["target"]["name"]: {row["secretKey"] for row in one["spec"]["data"]}
        for one in external
    }
    assert given == fetched
    assert given["syncbit-secrets"] <= {row.name.lower() for row in VARIABLES}
    for example in examples:
        validate(example)


def test_settings_are_those_of_the_project_and_no_secrets() -> None:
    (settings,) = of_kind(written("syncbit"), "ConfigMap")
    known = {row.name: row for row in VARIABLES}
    for name, text in settings["data"].items():
        assert not known[name].is_secret
        known[name].parse(text)


@pytest.mark.parametrize("name", OURS)
def test_workloads_have_no_more_rights_than_they_need(name: str) -> None:
    (workload,) = [
        one
        for one in of_kind(written("syncbit"), "StatefulSet", "Deployment")
        if one["metadata"]["name"] == name
    ]
    spec = pod(workload)["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["automountServiceAccountToken"] is False
    (container,) = spec["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"requests", "limits"} == set(container["resources"])
    assert {"livenessProbe", "readinessProbe"} <= set(container)


@pytest.mark.parametrize("name", OURS)
def test_the_same_programs_as_in_compose(name: str) -> None:
    (workload,) = [
        one
        for one in of_kind(written("syncbit"), "StatefulSet", "Deployment")
        if one["metadata"]["name"] == name
    ]
    (container,) = pod(workload)["spec"]["containers"]
    compose = files.service(name)
    assert container["image"] == f"docker.io/{compose['image']}"
    differ = {flag for flag in compose["command"] if "-notifier" not in flag}
    assert differ == {flag for flag in container["args"] if "-notifier" not in flag}


def test_services_and_monitors_mean_the_pods() -> None:
    found = written("syncbit")
    services = {one["metadata"]["name"]: one for one in of_kind(found, "Service")}
    for workload in of_kind(found, "StatefulSet", "Deployment"):
        service = services[workload["metadata"]["name"]]
        labels = pod(workload)["metadata"]["labels"]
        assert service["spec"]["selector"] == labels
        ports = {
            one["name"]
            for container in pod(workload)["spec"]["containers"]
            for one in container["ports"]
        }
        assert {port["targetPort"] for port in service["spec"]["ports"]} == ports
    monitors = of_kind(found, "ServiceMonitor")
    assert {one["metadata"]["name"] for one in monitors} == set(services)
    for monitor in monitors:
        service = services[monitor["metadata"]["name"]]
        assert selects(monitor["spec"]["selector"], service["metadata"]["labels"])
        names = {port["name"] for port in service["spec"]["ports"]}
        assert {one["port"] for one in monitor["spec"]["endpoints"]} <= names


def allowed(direction: str, whose: str, other: str, port: int) -> bool:
    """Whether the policies let a pod be called by another, or call it."""
    peer = {"Ingress": "from", "Egress": "to"}[direction]
    policies = [
        one["spec"]
        for one in of_kind(written("syncbit"), "NetworkPolicy")
        if selects(one["spec"]["podSelector"], PODS[whose])
        and direction in one["spec"]["policyTypes"]
    ]
    assert policies, "no policy means that everything is allowed"
    rules = [rule for one in policies for rule in one.get(direction.lower(), [])]
    return any(
        _has_port(rule, port) and (peer not in rule or any(_means(p, other) for p in rule[peer]))
        for rule in rules
    )


def _has_port(rule: Manifest, port: int) -> bool:
    return "ports" not in rule or port in {one["port"] for one in rule["ports"]}


def _means(peer: Manifest, other: str) -> bool:
    return "namespaceSelector" not in peer and selects(peer["podSelector"], PODS[other])


CALLS = {
    ("webserver", "account", 4000),
    ("daemon", "account", 4000),
    ("account", "victoriametrics", 8428),
    ("vmalert", "victoriametrics", 8428),
}
PORTS = {
    "webserver": 3000,
    "daemon": 3000,
    "account": 4000,
    "victoriametrics": 8428,
    "vmalert": 8880,
}


def test_who_reaches_whom() -> None:
    found = {
        (caller, called, PORTS[called])
        for caller in PODS
        for called in PODS
        if caller != called
        and allowed("Egress", caller, called, PORTS[called])
        and allowed("Ingress", called, caller, PORTS[called])
    }
    assert found == CALLS


def test_nobody_without_a_login_reaches_the_ui() -> None:
    (policy,) = [
        one
        for one in of_kind(written("syncbit"), "NetworkPolicy")
        if selects(one["spec"]["podSelector"], DAGSTER["webserver"])
        and one["spec"]["podSelector"]
        and "ingress" in one["spec"]
    ]
    (rule,) = policy["spec"]["ingress"]
    assert rule["from"] == [{"podSelector": {"matchLabels": {"syncbit/asks-for-a-login": "true"}}}]
    assert not of_kind(written("syncbit"), "Ingress")
