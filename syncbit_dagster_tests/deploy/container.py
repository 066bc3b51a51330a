"""A container without an engine: own mounts, read-only root, own user, no capabilities.

Run as a program with a JSON description as its argument, inside of fresh mount and PID namespaces;
it builds the root, enters it and becomes the command. Only the standard library, since it runs
before anything else is there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

HOST_SYSTEM = ("/usr", "/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/ld.so.cache")


def main(description: dict[str, Any]) -> None:
    """Never returns: the process becomes the described command.

    The description has ``root`` (an empty directory, into which the host's system comes), ``binds``
    (triples of source, target and whether it may be written), ``scratch`` (writable, empty),
    ``user``, ``environment``, ``directory`` and ``command``.
    """
    root = Path(description["root"])
    mount("--make-rprivate", "/")
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", str(root))
    host_system(root)
    for name in ("dev", "proc"):
        (root / name).mkdir(exist_ok=True)
    mount("--rbind", "/dev", str(root / "dev"))
    mount("-t", "proc", "proc", str(root / "proc"))
    writable = []
    for target in description["scratch"]:
        place(root, target, is_file=False)
        mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", inside(root, target))
        writable.append(target)
    for source, target, may_write in description["binds"]:
        place(root, target, is_file=Path(source).is_file())
        mount("--bind", source, inside(root, target))
        if not may_write:
            mount("-o", "remount,bind,ro", inside(root, target))
    mount("-o", "remount,bind,ro", str(root))
    os.chroot(root)
    os.chdir(description["directory"])
    user = str(description["user"])
    become = ["/usr/bin/setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    become += ["--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]
    os.execve(become[0], [*become, *description["command"]], description["environment"])  # noqa: S606


def host_system(root: Path) -> None:
    """The machine's programs and libraries, to be read only: what a base image brings."""
    for name in HOST_SYSTEM:
        place(root, name, is_file=Path(name).is_file())
        mount("--bind", name, inside(root, name))
        mount("-o", "remount,bind,ro", inside(root, name))
    for name in ("bin", "sbin", "lib", "lib64"):
        if Path("/", name).is_symlink():
            (root / name).symlink_to(Path("/", name).readlink())


def place(root: Path, target: str, *, is_file: bool) -> None:
    """Something to mount on."""
    path = Path(inside(root, target))
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if is_file:
        path.touch()
    else:
        path.mkdir()


def inside(root: Path, target: str) -> str:
    return str(root / target.lstrip("/"))


def mount(*arguments: str) -> None:
    subprocess.run(["/usr/bin/mount", *arguments], check=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
