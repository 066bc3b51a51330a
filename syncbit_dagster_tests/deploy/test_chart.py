"""Dagster's chart, rendered with the project's values: legal, closed, and what the rest expects.

The renderer itself is tried with a chart of the test's own.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from dagster._config import process_config
from dagster._core.instance.config import dagster_instance_config
from dagster_k8s import K8sRunLauncher

from syncbit_dagster_tests.deploy import files
from syncbit_dagster_tests.deploy.chart import (
    NAMESPACE,
    USER_DEPLOYMENTS,
    container_context,
    dagsters_chart,
    launcher_config,
    render,
)
from syncbit_dagster_tests.deploy.manifests import (
    FOLDER,
    Manifest,
    documents,
    of_kind,
    pod,
    selects,
    validate,
    values,
    written,
)

if TYPE_CHECKING:
    from pathlib import Path

PARTS = {
    "account": f"{USER_DEPLOYMENTS}-syncbit",
    "webserver": "dagster-dagster-webserver",
    "daemon": "dagster-daemon",
}
CONTEXT = "DAGSTER_CLI_API_GRPC_CONTAINER_CONTEXT"


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> list[Manifest]:
    return render(dagsters_chart(), values(), tmp_path_factory.mktemp("helm"))


def named(rendered: list[Manifest], kind: str, name: str) -> Manifest:
    (found,) = [one for one in of_kind(rendered, kind) if one["metadata"]["name"] == name]
    return found


def container(rendered: list[Manifest], part: str) -> Manifest:
    """The program of a part, without what is waited for before."""
    (only,) = pod(named(rendered, "Deployment", PARTS[part]))["spec"]["containers"]
    found: Manifest = only
    return found


def instance(rendered: list[Manifest]) -> dict[str, Any]:
    text = named(rendered, "ConfigMap", "dagster-instance")["data"]["dagster.yaml"]
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def small_chart(folder: Path) -> Path:
    """A chart of one object, whose schema refers to one elsewhere in the net."""
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: small\nversion: 0.0.1\n")
    (folder / "values.yaml").write_text("port: 80\n")
    port = {"type": "integer", "$ref": "https://schemas.example.com/port.json"}
    schema = {"properties": {"port": port}, "additionalProperties": False}
    (folder / "values.schema.json").write_text(json.dumps(schema))
    template = "kind: Service\nmetadata: {name: {{ .Release.Name }}}\nport: {{ .Values.port }}\n"
    (folder / "templates" / "service.yaml").write_text(template)
    return folder


def test_helm_renders(tmp_path: Path) -> None:
    chart = small_chart(tmp_path / "small")
    (service,) = render(chart, {"port": 3000}, tmp_path)
    assert service == {"kind": "Service", "metadata": {"name": "dagster"}, "port": 3000}


@pytest.mark.parametrize("wrong", [{"port": "many"}, {"prot": 3000}])
def test_helm_refuses_what_the_charts_schema_does_not_know(tmp_path: Path, wrong: Manifest) -> None:
    with pytest.raises(Exception, match="schema"):
        render(small_chart(tmp_path / "small"), wrong, tmp_path)


def test_all_that_is_rendered_is_legal(rendered: list[Manifest]) -> None:
    for manifest in rendered:
        validate(manifest)
    assert {one["metadata"]["name"] for one in of_kind(rendered, "Deployment")} == {*PARTS.values()}


def test_no_secret_and_no_way_in_is_made(rendered: list[Manifest]) -> None:
    assert of_kind(rendered, "Secret", "Ingress", "StatefulSet") == []
    assert {one["spec"]["type"] for one in of_kind(rendered, "Service")} == {"ClusterIP"}


def test_dagster_takes_the_instance(
    rendered: list[Manifest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_PG_PASSWORD", "secret")
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(instance(rendered)))
    taken, _ = dagster_instance_config(str(tmp_path))
    own = yaml.safe_load((files.ROOT / "dagster.yaml").read_text())
    assert taken["concurrency"] == own["concurrency"]
    assert taken["telemetry"] == {"enabled": False}
    for storage in ("run_storage", "event_log_storage", "schedule_storage"):
        assert taken[storage]["config"]["postgres_db"]["password"] == {"env": "DAGSTER_PG_PASSWORD"}


def test_runs_are_started_as_expected(rendered: list[Manifest]) -> None:
    launcher = instance(rendered)["run_launcher"]
    assert (launcher["module"], launcher["class"]) == ("dagster_k8s", "K8sRunLauncher")
    assert launcher["config"] == launcher_config()
    checked = process_config(K8sRunLauncher.config_type(), launcher["config"])  # type: ignore[no-untyped-call]
    assert checked.success, checked.errors
    variables = {one["name"]: one for one in container(rendered, "account")["env"]}
    assert json.loads(variables[CONTEXT]["value"]) == container_context()


def test_the_code_location_is_served_and_found(rendered: list[Manifest]) -> None:
    code = container(rendered, "account")
    assert code["args"][:3] == ["dagster", "api", "grpc"]
    assert code["args"][-2:] == ["--module-name", "syncbit_dagster.definitions"]
    service = named(rendered, "Service", "syncbit")
    (port,) = service["spec"]["ports"]
    text = named(rendered, "ConfigMap", "dagster-workspace-yaml")["data"]["workspace.yaml"]
    (location,) = yaml.safe_load(text)["load_from"]
    assert (location["grpc_server"]["host"], location["grpc_server"]["port"]) == ("syncbit", 4000)
    assert port["port"] == 4000
    assert code["args"][code["args"].index("-p") + 1] == "4000"
    sources = [one["configMapRef"]["name"] for one in code["envFrom"] if "configMapRef" in one]
    assert sources[-1] == "syncbit-settings"


@pytest.mark.parametrize("part", PARTS)
def test_services_and_policies_mean_the_pods(rendered: list[Manifest], part: str) -> None:
    labels = pod(named(rendered, "Deployment", PARTS[part]))["metadata"]["labels"]
    assert labels["syncbit/part"] == part
    meant = [
        one["metadata"]["name"]
        for one in of_kind(written("syncbit"), "NetworkPolicy")
        if selects(one["spec"]["podSelector"], labels)
    ]
    assert {"nobody-comes-in", "dagster-calls"} <= {*meant}
    assert ("webserver" in meant, "code" in meant) == (part == "webserver", part == "account")
    services = [
        one["metadata"]["name"]
        for one in of_kind(rendered, "Service")
        if selects({"matchLabels": one["spec"]["selector"]}, labels)
    ]
    expected = {"account": ["syncbit"], "webserver": ["dagster-dagster-webserver"], "daemon": []}
    assert services == expected[part]


@pytest.mark.parametrize("part", PARTS)
def test_pods_have_no_more_rights_than_they_need(rendered: list[Manifest], part: str) -> None:
    spec = pod(named(rendered, "Deployment", PARTS[part]))["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    for one in [*spec["containers"], *spec.get("initContainers", [])]:
        assert one["securityContext"]["readOnlyRootFilesystem"] is True, one["name"]
        assert one["securityContext"]["allowPrivilegeEscalation"] is False, one["name"]
        assert one["securityContext"]["capabilities"] == {"drop": ["ALL"]}, one["name"]
        assert set(one["resources"]) == {"requests", "limits"}, one["name"]


def test_the_account_has_no_right_in_the_cluster(rendered: list[Manifest]) -> None:
    bound = {
        subject["name"]
        for binding in of_kind(rendered, "RoleBinding", "ClusterRoleBinding")
        for subject in binding["subjects"]
    }
    assert bound == {"dagster"}
    account = pod(named(rendered, "Deployment", PARTS["account"]))["spec"]
    assert account["serviceAccountName"] == container_context()["k8s"]["service_account_name"]
    assert account["serviceAccountName"] not in bound


def test_probes_ask_the_port_that_is_listened_on(rendered: list[Manifest]) -> None:
    code = container(rendered, "account")
    for probe in ("readinessProbe", "livenessProbe"):
        assert code[probe]["exec"]["command"][:3] == files.probe("code")[:3]
        assert code[probe]["exec"]["command"][-1] == "4000"
        assert code[probe]["timeoutSeconds"] == 40
    webserver = container(rendered, "webserver")
    (port,) = webserver["ports"]
    assert webserver["readinessProbe"]["httpGet"]["port"] == port["containerPort"] == 3000
    assert re.search(r" -p\s+3000 ", " ".join(webserver["command"]))


def test_all_that_is_mounted_or_read_is_made_somewhere(rendered: list[Manifest]) -> None:
    examples = documents((FOLDER / "syncbit" / "secrets.example.yaml").read_text())
    made = {
        (one["kind"], one["metadata"]["name"])
        for one in [*rendered, *written("syncbit"), *examples]
    }
    for deployment in of_kind(rendered, "Deployment"):
        spec = pod(deployment)["spec"]
        for volume in spec.get("volumes", []):
            if "configMap" in volume:
                assert ("ConfigMap", volume["configMap"]["name"]) in made
            if "secret" in volume:
                assert ("Secret", volume["secret"]["secretName"]) in made
        for one in spec["containers"]:
            for source in one["envFrom"]:
                if "configMapRef" in source:
                    assert ("ConfigMap", source["configMapRef"]["name"]) in made
            names = [
                env["valueFrom"]["secretKeyRef"]["name"] for env in one["env"] if "valueFrom" in env
            ]
            assert names == ["dagster-postgresql"]
            assert ("Secret", names[0]) in made
    assert {one["metadata"].get("namespace", NAMESPACE) for one in rendered} == {NAMESPACE}
