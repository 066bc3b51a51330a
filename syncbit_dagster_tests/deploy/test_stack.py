"""compose's services as processes, with their command lines, health checks, paths and users."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from syncbit_dagster_tests.deploy import files
from syncbit_dagster_tests.deploy.machine import OURS
from syncbit_dagster_tests.deploy.stack import EMULATOR, Stack, stack_of
from syncbit_dagster_tests.waiting import HANGS_SECONDS, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

UI = "http://127.0.0.1:8080"
RUNS = "{ runsOrError { ... on Runs { results { status } } } }"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """All services but Grafana, and an account that was authorized before they started."""
    with stack_of(tmp_path_factory.mktemp("stack")) as stack:
        stack.start_emulator()
        stack.authorized = authorize(stack)
        stack.start("postgres", "victoriametrics", "code")
        stack.start("webserver", "proxy")
        stack.start("daemon")
        yield stack


def authorize(stack: Stack) -> str:
    """`docker compose run code syncbit authorize --no-browser`, the answer pasted."""
    command = ["syncbit", "authorize", "--no-browser"]
    with stack.spawn("code", command) as process:
        assert process.stdout is not None
        before = []
        for line in process.stdout:
            before.append(line)
            if line.startswith("  http"):
                break
        url = before[-1].strip()
        assert url.startswith("http"), before
        answer = stack.network.call(
            lambda: requests.get(url, allow_redirects=False, timeout=HANGS_SECONDS)
        )
        said, _ = process.communicate(answer.headers["Location"] + "\n", timeout=HANGS_SECONDS)
    assert process.returncode == 0, said
    return said


def ask(stack: Stack, query: str, password: str | None = None) -> requests.Response:
    """A GraphQL request to the published port."""
    user = ("syncbit", stack.secret("ui_password") if password is None else password)
    return stack.network.call(
        lambda: requests.post(
            f"{UI}/graphql", json={"query": query}, auth=user, timeout=HANGS_SECONDS
        )
    )


def test_authorize_works_without_a_browser_in_the_container(stack: Stack) -> None:
    assert "Time zone: Europe/Berlin" in stack.authorized
    assert EMULATOR not in stack.authorized
    token = stack.volumes / "data" / "tokens-google_health.json"
    assert (token.stat().st_uid, oct(token.stat().st_mode)) == (OURS, "0o100600")


def test_a_run_of_the_history_reaches_the_store_by_itself(stack: Stack) -> None:
    def ended() -> set[str] | None:
        runs = ask(stack, RUNS).json()["data"]["runsOrError"]["results"]
        return {run["status"] for run in runs} & {"SUCCESS", "FAILURE"} or None

    found = wait_for(ended, HANGS_SECONDS, "the first run")
    assert found == {"SUCCESS"}, stack.log("code").read_text()[-3000:]
    query = "http://127.0.0.1:8428/api/v1/export?match[]=fitbit_steps_total"
    exported = stack.network.call(lambda: requests.get(query, timeout=HANGS_SECONDS)).json()
    assert len(exported["values"]) >= 3
    log = stack.volumes / "runs" / "compute_logs"
    assert list(log.rglob("*.err"))


def test_the_ui_asks_for_a_password(stack: Stack) -> None:
    nobody = stack.network.call(lambda: requests.get(UI, timeout=HANGS_SECONDS))
    for refused in (nobody, *(ask(stack, RUNS, password) for password in ("", "wrong"))):
        assert refused.status_code == 401
        assert "Dagster" in refused.headers["WWW-Authenticate"]
        assert "results" not in refused.text


def test_another_sites_script_cannot_use_the_password(stack: Stack) -> None:
    def get(origin: str) -> int:
        user = ("syncbit", stack.secret("ui_password"))
        url, headers = f"{UI}/graphql?query={{version}}", {"Sec-Fetch-Site": origin}
        return requests.get(url, auth=user, headers=headers, timeout=HANGS_SECONDS).status_code

    for origin, status in (("same-origin", 200), ("same-site", 403), ("cross-site", 403)):
        assert stack.network.call(partial(get, origin)) == status, origin


def test_the_ui_follows_runs_through_a_web_socket(stack: Stack) -> None:
    def upgrade() -> requests.Response:
        headers = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Protocol": "graphql-ws",
        }
        user = ("syncbit", stack.secret("ui_password"))
        return requests.get(
            f"{UI}/graphql", headers=headers, auth=user, timeout=HANGS_SECONDS, stream=True
        )

    answer = stack.network.call(upgrade)
    answer.close()
    assert answer.status_code == 101


def test_processes_have_no_rights(stack: Stack) -> None:
    """And a root file system that cannot be written."""
    for name in ("code", "webserver", "daemon", "proxy", "victoriametrics"):
        status = Path(f"/proc/{stack.process(name)}/status").read_text()
        found: dict[str, Any] = dict(re.findall(r"^(\w+):\s+(\S+)", status, re.MULTILINE))
        assert int(found["Uid"]) != 0 or name == "victoriametrics", name
        rights = {found[which] for which in ("CapEff", "CapPrm", "CapBnd", "CapInh")}
        assert (rights, found["NoNewPrivs"]) == ({"0" * 16}, "1"), name
        (scratch,) = files.service(name)["tmpfs"]
        places = ["", "/opt", "/opt/dagster", "/usr/bin", "/run", "/run/secrets", "/etc", scratch]
        loop = 'for place; do touch "$place/probe" 2>/dev/null && echo "$place"; done; true'
        written = stack.run(name, ["sh", "-c", loop, "sh", *places])
        assert written.stdout.split() == [scratch], name


def test_the_rules_are_evaluated(stack: Stack) -> None:
    stack.start("vmalert")
    rules = "http://127.0.0.1:8880/api/v1/rules"
    groups = stack.network.call(lambda: requests.get(rules, timeout=HANGS_SECONDS)).json()["data"][
        "groups"
    ]
    assert groups
    assert not [rule for group in groups for rule in group["rules"] if rule.get("lastError")]


def test_wrong_settings_make_the_code_location_unhealthy(stack: Stack) -> None:
    broken = ["env", "LOG_LEVEL=LOUD", *files.service("code")["command"]]
    broken[broken.index("4000")] = "4001"
    ended = stack.run("code", broken)
    assert ended.returncode != 0
    assert "LOG_LEVEL='LOUD' is not legal" in ended.stdout
    probe = ["4001" if word == "4000" else word for word in files.probe("code")]
    assert stack.run("code", probe).returncode != 0
