"""compose.yaml: as compose itself reads it, and against what it must never do."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from syncbit_dagster.config import VARIABLES
from syncbit_dagster_tests.deploy import files
from syncbit_dagster_tests.deploy.stack import create_secrets

COMPOSE = Path(sys.executable).with_name("docker-compose")
SERVICES = sorted(files.compose()["services"])
HOME = files.ROOT / "deploy" / "compose"
COPIED = ("image", "command", "read_only", "cap_drop", "security_opt", "tmpfs", "user", "init")


def read(**variables: str) -> dict[str, Any]:
    """What `docker compose config` prints, with some variables."""
    command = [str(COMPOSE), "--env-file", os.devnull, "--file", str(files.ROOT / "compose.yaml")]
    clean = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [*command, "config"], env=clean | variables, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = yaml.safe_load(done.stdout)
    return found


def test_compose_reads_nothing_otherwise_than_written() -> None:
    written, understood = files.compose(), read()
    for section in ("services", "networks", "volumes", "secrets"):
        assert set(understood[section]) == set(written[section])
    for name, service in understood["services"].items():
        for key in COPIED:
            assert service.get(key) == files.service(name).get(key), (name, key)
        assert set(service["networks"]) == set(files.service(name)["networks"])
        assert service["healthcheck"]["test"] == files.service(name)["healthcheck"]["test"]


def test_variables_reach_the_services() -> None:
    def published(model: dict[str, Any]) -> dict[str, str]:
        services = model["services"].items()
        return {name: one["ports"][0]["host_ip"] for name, one in services if "ports" in one}

    assert published(read()) == {"proxy": "127.0.0.1", "grafana": "127.0.0.1"}
    given = read(SYNCBIT_BIND="0.0.0.0", SYNCBIT_TIMEZONE="Europe/Berlin")  # noqa: S104
    assert set(published(given).values()) == {"0.0.0.0"}  # noqa: S104
    assert given["services"]["code"]["environment"]["SYNCBIT_TIMEZONE"] == "Europe/Berlin"


def test_what_a_service_mounts_exists() -> None:
    sources = [source for name in SERVICES for source in files.mounts(name).values()]
    named = [source for source in sources if not source.startswith("./")]
    assert set(named) <= set(files.compose()["volumes"])
    assert [one for one in sources if one not in named and not (files.ROOT / one).exists()] == []


def test_a_service_has_no_more_rights_than_it_needs() -> None:
    for name in SERVICES:
        service = files.service(name)
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}, name
        assert service["restart"] == "unless-stopped", name
        pinned = r"[\w./-]+:v?\d+\.\d+\.\d+\S*|postgres:\d+\.\d+\S*"
        assert re.fullmatch(pinned, service["image"]), name


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
    at_the_ui = {name for name in SERVICES if networks[name] & networks["webserver"] & {"ui"}}
    assert at_the_ui == {"webserver", "proxy"}
    inner = {name for name, how in files.compose()["networks"].items() if how.get("internal")}
    assert inner == {"dagster", "metrics", "ui"}
    only_inside = {name for name in SERVICES if networks[name] <= inner}
    assert only_inside == {"webserver", "daemon", "postgres", "victoriametrics"}


def test_no_secret_is_a_variable() -> None:
    secret = {row.name for row in VARIABLES if row.is_secret}
    given = {one for name in SERVICES for one in files.service(name).get("environment", {})}
    assert not given & secret
    assert [one for one in given if "PASSWORD" in one and not one.endswith("_FILE")] == []
    settings = set(files.service("code")["environment"]) - {"PGSERVICEFILE"}
    assert settings <= {row.name for row in VARIABLES}


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
    random = {made[name] for name in ("ui_password", "grafana_admin_password", "postgres_password")}
    assert len(random) == 3
    assert all(re.fullmatch(r"[0-9a-f]{48}", one) for one in random)
    assert made["ui_users"].startswith("syncbit:$6$")
    assert made["ui_password"] not in made["ui_users"]
    assert f"password={made['postgres_password']}\n" in made["dagster_database"]
    create_secrets(directory)
    assert {path.name: path.read_text() for path in directory.iterdir()} == made
    empty = {name for name, content in made.items() if not content}
    assert empty <= {row.name.lower() for row in VARIABLES}


def test_secrets_are_not_for_git_nor_for_the_image() -> None:
    ignored = (HOME / "secrets" / ".gitignore").read_text().split()
    assert ignored == ["*", "!.gitignore", "!README.md"]
    rules = [line for line in (files.ROOT / ".dockerignore").read_text().split("\n") if line]
    allowed = {rule[1:] for rule in rules if rule.startswith("!")}
    copied = {word for step in files.dockerfile() if step.name == "COPY" for word in step.words()}
    assert "*" in rules
    assert allowed == {word for word in copied if (files.ROOT / word).exists()} - {"./"}


def test_the_instance_is_the_projects_but_for_its_storage() -> None:
    own, here = (
        yaml.safe_load((place / "dagster.yaml").read_text()) for place in (files.ROOT, HOME)
    )
    for section in ("storage", "compute_logs", "local_artifact_storage"):
        own.pop(section, None)
        here.pop(section, None)
    assert own == here
