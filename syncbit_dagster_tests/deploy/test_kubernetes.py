"""The kustomization: legal by the API's schemas, closed by default, and complete."""

from __future__ import annotations

import kubernetes_validate  # type: ignore[import-untyped]
import pytest

from syncbit_dagster.config import VARIABLES
from syncbit_dagster_tests.deploy import files
from syncbit_dagster_tests.deploy.manifests import (
    FOLDER,
    Manifest,
    code_location,
    documents,
    of_kind,
    pod,
    rendered,
    selects,
    validate,
    values,
    written,
)

DAGSTER = {
    "webserver": values()["dagsterWebserver"]["labels"],
    "daemon": values()["dagsterDaemon"]["labels"],
    "account": code_location()["labels"],  # the code location and its runs
}
OURS = ("victoriametrics", "vmalert")
PODS = DAGSTER | {name: {"app": name} for name in OURS}


def workload(name: str) -> Manifest:
    workloads = of_kind(written("syncbit"), "StatefulSet", "Deployment")
    (found,) = (one for one in workloads if one["metadata"]["name"] == name)
    return found


@pytest.mark.parametrize("folder", ["syncbit", "external-secrets"])
def test_what_is_written_and_rendered_is_legal_and_complete(folder: str) -> None:
    for manifest in written(folder):
        validate(manifest)
    found = rendered(folder)
    for manifest in found:
        assert manifest["kind"] == "Namespace" or manifest["metadata"]["namespace"] == "syncbit"
    assert len(found) == len(written(folder)) + 1  # the generated rules
    (rules,) = [one for one in of_kind(found, "ConfigMap") if "rules.yml" in one["data"]]
    validate(rules)
    assert rules["data"]["rules.yml"] == (files.ROOT / "deploy/vmalert/rules.yml").read_text()
    volumes = [one for each in of_kind(found, "Deployment") for one in pod(each)["spec"]["volumes"]]
    assert [one["configMap"]["name"] for one in volumes] == [rules["metadata"]["name"]]


def test_the_schemas_notice_a_mistake() -> None:
    (policy, *_) = of_kind(written("syncbit"), "NetworkPolicy")
    wrong = {**policy, "spec": {**policy["spec"], "policyType": ["Ingress"]}}
    with pytest.raises(kubernetes_validate.ValidationError, match="policyType"):
        validate(wrong)


def test_the_example_of_secrets_holds_what_is_mounted() -> None:
    examples = documents((FOLDER / "syncbit" / "secrets.example.yaml").read_text())
    given = {one["metadata"]["name"]: set(one["stringData"]) for one in examples}
    assert given == {
        one["spec"]["target"]["name"]: {row["secretKey"] for row in one["spec"]["data"]}
        for one in of_kind(written("external-secrets"), "ExternalSecret")
    }
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
    """And they are compose's programs with compose's flags."""
    spec = pod(workload(name))["spec"]
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
    compose = files.service(name)
    assert container["image"] == f"docker.io/{compose['image']}"
    here, there = (
        {flag for flag in flags if "-notifier" not in flag}
        for flags in (container["args"], compose["command"])
    )
    assert here == there


def test_services_and_monitors_mean_the_pods() -> None:
    found = written("syncbit")
    services = {one["metadata"]["name"]: one for one in of_kind(found, "Service")}
    monitors = {one["metadata"]["name"]: one["spec"] for one in of_kind(found, "ServiceMonitor")}
    assert services.keys() == monitors.keys() == set(OURS)
    for name, service in services.items():
        (container,) = pod(workload(name))["spec"]["containers"]
        assert service["spec"]["selector"] == pod(workload(name))["metadata"]["labels"]
        ports = service["spec"]["ports"]
        assert {port["targetPort"] for port in ports} == {one["name"] for one in container["ports"]}
        assert selects(monitors[name]["selector"], service["metadata"]["labels"])
        asked = {one["port"] for one in monitors[name]["endpoints"]}
        assert asked <= {port["name"] for port in ports}


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
    return any(
        ("ports" not in rule or port in {one["port"] for one in rule["ports"]})
        and (peer not in rule or any(_means(one, other) for one in rule[peer]))
        for one in policies
        for rule in one.get(direction.lower(), [])
    )


def _means(peer: Manifest, other: str) -> bool:
    return "namespaceSelector" not in peer and selects(peer["podSelector"], PODS[other])


PORTS = {"webserver": 3000, "daemon": 3000, "account": 4000}
PORTS |= {"victoriametrics": 8428, "vmalert": 8880}


def test_who_reaches_whom() -> None:
    found = {
        (caller, called, PORTS[called])
        for caller in PODS
        for called in PODS
        if caller != called
        and allowed("Egress", caller, called, PORTS[called])
        and allowed("Ingress", called, caller, PORTS[called])
    }
    assert found == {
        ("webserver", "account", 4000),
        ("daemon", "account", 4000),
        ("account", "victoriametrics", 8428),
        ("vmalert", "victoriametrics", 8428),
    }


def test_nobody_without_a_login_reaches_the_ui() -> None:
    (policy,) = [
        one["spec"]
        for one in of_kind(written("syncbit"), "NetworkPolicy")
        if selects(one["spec"]["podSelector"], DAGSTER["webserver"])
        and one["spec"]["podSelector"]
        and "ingress" in one["spec"]
    ]
    (rule,) = policy["ingress"]
    assert rule["from"] == [{"podSelector": {"matchLabels": {"syncbit/asks-for-a-login": "true"}}}]
    assert not of_kind(written("syncbit"), "Ingress")
