"""compose.yaml against the compose specification, and against what it must never do."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path
from typing import Any

import check_jsonschema  # type: ignore[import-untyped]
import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from syncbit_dagster.config import VARIABLES
from syncbit_dagster_tests.deploy import files
from syncbit_dagster_tests.deploy.stack import create_secrets

SERVICES = sorted(files.compose()["services"])
KNOWN_SECRETS = {row.name.lower() for row in VARIABLES}
HOME = files.ROOT / "deploy" / "compose"


def validate(content: dict[str, Any]) -> None:
    """Hold a file to the schema of the compose specification."""
    vendored = Path(check_jsonschema.__file__).parent / "builtin_schemas" / "vendor"
    schema = json.loads((vendored / "compose-spec.json").read_text())
    jsonschema.validators.validator_for(schema)(schema).validate(content)


def test_it_is_legal_by_the_specification() -> None:
    validate(files.compose())


def test_the_schema_notices_a_mistake() -> None:
    with pytest.raises(jsonschema.ValidationError, match="read-only"):
        validate({"services": {"code": {"image": "one", "read-only": True}}})


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_names_exists(name: str) -> None:
    whole, service = files.compose(), files.service(name)
    assert set(service["networks"]) <= set(whole["networks"])
    assert set(service.get("secrets", [])) <= set(whole["secrets"])
    assert set(service.get("depends_on", {})) <= set(whole["services"]) - {name}
    for source in files.mounts(name).values():
        if source.startswith("./"):
            assert (files.ROOT / source).exists(), source
        else:
            assert source in whole["volumes"]
    for awaited, how in service.get("depends_on", {}).items():
        assert how["condition"] != "service_healthy" or "healthcheck" in files.service(awaited)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_no_more_rights_than_it_needs(name: str) -> None:
    service = files.service(name)
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    assert "healthcheck" in service
    assert service["restart"] == "unless-stopped"
    assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+\.\d+\S*|postgres:\d+\.\d+\S*", service["image"])


def test_only_what_asks_for_a_login_is_published_and_only_on_this_machine() -> None:
    published = {name: files.service(name).get("ports", []) for name in SERVICES}
    published = {name: ports for name, ports in published.items() if ports}
    assert set(published) == {"proxy", "grafana"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)
    grafana = files.service("grafana")["environment"]
    assert grafana["GF_AUTH_ANONYMOUS_ENABLED"] == "false"


def test_grafana_finds_what_it_is_given() -> None:
    given, mounts = files.service("grafana")["environment"], files.mounts("grafana")
    provisioning = files.ROOT / mounts["/etc/grafana/provisioning"]
    sources = yaml.safe_load((provisioning / "datasources" / "syncbit.yaml").read_text())
    for url in (source["url"] for source in sources["datasources"]):
        assert re.sub(r"^\$(\w+)$", lambda name: given[name[1]], url).startswith("http://victoria")
    folders = yaml.safe_load((provisioning / "dashboards" / "syncbit.yaml").read_text())
    assert {one["options"]["path"] for one in folders["providers"]} <= set(mounts)


def test_who_reaches_whom() -> None:
    networks = {name: set(files.service(name)["networks"]) for name in SERVICES}
    assert {name for name in SERVICES if networks[name] & networks["webserver"] & {"ui"}} == {
        "webserver",
        "proxy",
    }
    inner = {name for name, how in files.compose()["networks"].items() if how.get("internal")}
    assert inner == {"dagster", "metrics", "ui"}
    only_inside = {name for name in SERVICES if networks[name] <= inner}
    assert only_inside == {"webserver", "daemon", "postgres", "victoriametrics"}


def test_no_secret_is_a_variable() -> None:
    secret = {row.name for row in VARIABLES if row.is_secret}
    for name in SERVICES:
        for variable in files.service(name).get("environment", {}):
            assert variable not in secret
            assert "PASSWORD" not in variable or variable.endswith("_FILE")


def test_variables_are_those_of_the_project() -> None:
    given = set(files.service("code")["environment"]) - {"PGSERVICEFILE"}
    assert given <= {row.name for row in VARIABLES}


def test_the_store_keeps_everything() -> None:
    flags = files.service("victoriametrics")["command"]
    assert "-retentionPeriod=100y" in flags
    assert not [flag for flag in flags if flag.startswith("-dedup")]


def test_secrets_are_made_once_and_for_their_owner(tmp_path: Path) -> None:
    directory = tmp_path / "secrets"
    create_secrets(directory)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    made = {path.name: path.read_text() for path in directory.iterdir()}
    wanted = {Path(one["file"]).name for one in files.compose()["secrets"].values()}
    assert set(made) == wanted | {"ui_password"}
    random = [made[name] for name in ("ui_password", "grafana_admin_password", "postgres_password")]
    assert len(set(random)) == 3
    assert all(re.fullmatch(r"[0-9a-f]{48}", one) for one in random)
    assert made["ui_users"].startswith("syncbit:$6$")
    assert made["ui_password"] not in made["ui_users"]
    assert f"password={made['postgres_password']}\n" in made["dagster_database"]
    create_secrets(directory)
    assert {path.name: path.read_text() for path in directory.iterdir()} == made
    empty = {name for name, content in made.items() if not content}
    assert empty <= KNOWN_SECRETS


def test_secrets_are_not_for_git_nor_for_the_image() -> None:
    ignored = (HOME / "secrets" / ".gitignore").read_text().split()
    assert ignored == ["*", "!.gitignore", "!README.md"]
    rules = [line for line in (files.ROOT / ".dockerignore").read_text().split("\n") if line]
    allowed = {rule[1:] for rule in rules if rule.startswith("!")}
    copied = {word for step in files.dockerfile() if step.name == "COPY" for word in step.words()}
    assert "*" in rules
    assert allowed == {word for word in copied if (files.ROOT / word).exists()} - {"./"}


def test_the_instance_is_the_projects_but_for_its_storage() -> None:
    def sections(path: Path) -> dict[str, Any]:
        loaded: dict[str, Any] = yaml.safe_load(path.read_text())
        elsewhere = {"storage", "compute_logs", "local_artifact_storage"}
        return {name: value for name, value in loaded.items() if name not in elsewhere}

    assert sections(HOME / "dagster.yaml") == sections(files.ROOT / "dagster.yaml")
