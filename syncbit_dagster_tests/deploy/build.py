"""The Dockerfile's instructions, carried out in their order in a clean root without an engine."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from syncbit_dagster_tests.deploy import files

BASE = files.ROOT / ".tools" / "base"
NOT_COPIED = shutil.ignore_patterns("__pycache__")
# What a package installer needs of the machine to reach its index.
FROM_THE_MACHINE = ("/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs")
_PREPARE = """
set -e
mount --make-rprivate /
mount --rbind /dev "$0/dev"
mount -t proc proc "$0/proc"
for path in $2; do
  [ -d "$path" ] && mkdir -p "$0$path" || touch "$0$path"
  mount --bind "$path" "$0$path"
done
exec chroot "$0" /bin/sh -ec "cd '$1' && $3"
"""


@dataclass
class Image:
    """One stage: its root, and what the instructions said of its processes."""

    root: Path
    environment: dict[str, str] = field(
        default_factory=lambda: {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"}
    )
    directory: str = "/"
    user: str = "0:0"


def build(directory: Path) -> Image:
    """Carry out all instructions; the image of the last stage.

    Skips the test where there is no clean system to start from.
    """
    if os.geteuid() != 0 or not BASE.is_dir():
        pytest.skip("no clean system: run `make image-steps` as root")
    stages: dict[str, Image] = {}
    image = Image(directory)
    for number, step in enumerate(files.dockerfile()):
        if step.name == "FROM":
            image = Image(directory / f"stage-{number}")
            subprocess.run(["cp", "-a", "--reflink=auto", BASE, image.root], check=True)
            words = step.words()
            stages[words[2] if words[1:2] == ["AS"] else "last"] = image
        else:
            _carry_out(step, image, stages)
    return image


def _carry_out(step: files.Step, image: Image, stages: dict[str, Image]) -> None:
    if step.name == "RUN":
        _run(image, step.text)
    elif step.name == "COPY":
        _copy(step.words(), image, stages)
    elif step.name == "ENV":
        for word in step.words():
            name, value = word.split("=", 1)
            image.environment[name] = value.replace("$PATH", image.environment["PATH"])
    elif step.name == "WORKDIR":
        image.directory = step.text
        (image.root / step.text.lstrip("/")).mkdir(parents=True, exist_ok=True)
    elif step.name == "USER":
        image.user = step.text
    else:
        assert step.name in {"ARG", "LABEL", "EXPOSE", "HEALTHCHECK", "CMD"}, step.name


def _run(image: Image, command: str) -> None:
    """A shell in the stage's root, with the network and nothing else of the machine."""
    installer = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    machine = " ".join(path for path in FROM_THE_MACHINE if Path(path).exists())
    namespaces = ["unshare", "--mount", "--pid", "--fork"]
    done = subprocess.run(
        [*namespaces, "sh", "-c", _PREPARE, str(image.root), image.directory, machine, command],
        env=installer | image.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"RUN {command}\n{done.stdout[-4000:]}"


def _copy(words: list[str], image: Image, stages: dict[str, Image]) -> None:
    context = files.ROOT
    if words[0].startswith("--from="):
        context = stages[words.pop(0).removeprefix("--from=")].root
    *sources, target = words
    place = image.root / image.directory.lstrip("/") / target
    if target.startswith("/"):
        place = image.root / target.lstrip("/")
    for name in sources:
        source = context / name.lstrip("/")
        if source.is_dir():  # its content, not itself
            shutil.copytree(source, place, symlinks=True, ignore=NOT_COPIED, dirs_exist_ok=True)
        else:
            place.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, place / source.name)
