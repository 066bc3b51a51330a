"""What becomes of each command that a page shows: the test that runs it, or why none can.

A test is named by its function in ``test_commands.py``, or by file and function.
"""

from __future__ import annotations

_MATERIALIZE = ".venv/bin/dg launch --assets "
_VMALERT = (
    "vmalert -rule=deploy/vmalert/rules.yml -datasource.url=http://localhost:8428 "
    "-notifier.url=http://localhost:9093 "
    "-remoteWrite.url=http://localhost:8428 -remoteRead.url=http://localhost:8428"
)
_VMBACKUP = (
    "vmbackup -storageDataPath=victoria-metrics-data "
    "-snapshot.createURL=http://localhost:8428/snapshot/create -dst=fs:///backup/victoria-metrics"
)

RUN = {
    "chmod 600 .env": "test_an_account_is_connected",
    ".venv/bin/syncbit authorize": "test_an_account_is_connected",
    ".venv/bin/syncbit authorize --no-browser": "test_an_account_is_connected_from_afar",
    ".venv/bin/syncbit doctor": "test_the_doctor_finds_nothing",
    ".venv/bin/syncbit capture --days 2 -o shapes.json": "test_shapes_are_captured",
    ".venv/bin/syncbit plan --from 2020-01-01 --to 2025-12-31": "test_requests_are_planned",
    ".venv/bin/syncbit plan --watch": "test_the_history_is_watched",
    f"{_MATERIALIZE}activity_summary,heart_rate --partition-range 2025-01-01...2025-03-31": (
        "test_days_are_materialized"
    ),
    f"{_MATERIALIZE}activity_summary,heart_rate --partition-range 2025-03-01...2025-03-07": (
        "test_days_are_materialized"
    ),
    f"{_MATERIALIZE}weekly_report --partition-range 2026-10-05...2026-10-26": (
        "test_reports_are_made"
    ),
    ".venv/bin/syncbit report --from 2026-10-01 --to 2026-10-31 -o october.html": (
        "test_reports_are_made"
    ),
    "DAGSTER_HOME=$PWD .venv/bin/dagster instance migrate": "test_dagsters_records_are_upgraded",
    "(umask 077 && tar --create --gzip --file backup.tar.gz .env .syncbit .dagster_home)": (
        "test_the_state_is_backed_up"
    ),
    "tar --extract --gzip --file backup.tar.gz": "test_the_state_is_backed_up",
    "find .dagster_home/compute_logs -type f -mtime +90 -delete": "test_old_logs_are_deleted",
    "victoria-metrics -storageDataPath=victoria-metrics-data -retentionPeriod=100y": (
        "test_samples_are_asked_for"
    ),
    "curl -s http://localhost:8428/api/v1/query "
    "-d 'query=last_over_time(fitbit_steps_total[2d])'": "test_samples_are_asked_for",
    _VMALERT: "test_vmalert_takes_its_flags",
    _VMBACKUP: "test_samples_are_backed_up",
    "vmrestore -src=fs:///backup/victoria-metrics -storageDataPath=victoria-metrics-data": (
        "test_samples_are_backed_up"
    ),
    "curl -s http://localhost:8428/api/v1/export/native -d 'match[]={user=\"default\"}' "
    "-o default.native": "test_samples_are_exported_and_imported",
    "curl -s -X POST http://localhost:8428/api/v1/import/native -T default.native": (
        "test_samples_are_exported_and_imported"
    ),
    "curl -s http://localhost:8428/api/v1/admin/tsdb/delete_series "
    "-d 'match[]={user=\"default\"}'": "test_samples_are_exported_and_imported",
    "make help": "test_make_lists_its_targets",
}

# By how a command begins.
RUN_ELSEWHERE = {
    "make demo": "cli/test_commands.py::test_the_demo_ends_after_its_table",
    "make docs": "test_docs.py::test_the_references_are_up_to_date",
    "make install": "documentation/test_install.py::test_what_is_installed_runs",
    "make dev": "documentation/test_install.py::test_make_dev_loads_the_code_location",
    "(umask 077 && pg_dump ": "backup/test_restore.py::test_everything_is_there_again",
    "psql --quiet": "backup/test_restore.py::test_everything_is_there_again",
    ".venv/bin/python -m syncbit_dagster_tests.upgrade.write_release": (
        "upgrade/test_releases.py::test_the_present_version_can_be_kept"
    ),
    "SYNCBIT_ACCOUNT_NAMES=": (
        "accounts/test_page.py"
        "::test_its_code_servers_have_every_account_once_and_are_where_the_workspace_looks"
    ),
    "make up": "deploy/test_engine.py::test_make_up_brings_all_services_to_health",
    "docker compose run": "deploy/test_engine.py::test_authorize_works_in_a_container",
    "docker compose restart": (
        "deploy/test_engine.py::test_a_run_of_the_history_reaches_the_store_by_itself"
    ),
    "kubectl kustomize": (
        "deploy/test_kubernetes.py::test_what_is_written_and_rendered_is_legal_and_complete"
    ),
    "cat deploy/compose/secrets/": (
        "deploy/test_engine.py::test_make_up_makes_secrets_and_asks_docker_for_the_services"
    ),
}
CANNOT_RUN = {
    "make test": "is what runs the tests",
    "ssh -L": "asks for another machine",
    "helm upgrade --install": "asks for a cluster",
    "kubectl -n syncbit exec": "asks for a cluster",
}
