"""`<clarion-inbox>` is committed as it was built, so that nobody needs Node; it must be built from what is here."""

import gzip
import hashlib
import json
import re
import shutil
import subprocess

import pytest
from guards.tree import ROOT, SOURCE, text_of

SOURCES = ROOT / "web" / "inbox"
BUILT = SOURCE / "surfaces" / "pages" / "static" / "inbox"
needs_node = pytest.mark.skipif(
    shutil.which("node") is None or not (SOURCES / "node_modules").is_dir(),
    reason="needs Node and `npm ci` in web/inbox",
)


def _parts() -> list[str]:
    written = [path for path in (SOURCES / "src").rglob("*") if path.suffix in (".ts", ".js")]
    names = [path.relative_to(SOURCES).as_posix() for path in written]
    return sorted(["build.mjs", "package-lock.json", "package.json", *names])


def test_the_bundle_was_built_from_these_sources() -> None:
    digest = hashlib.sha256(b"".join((SOURCES / name).read_bytes() for name in _parts())).hexdigest()

    assert digest in text_of(BUILT / "clarion-inbox.js").splitlines()[0], "run make web"
    assert (BUILT / "push-worker.js").read_bytes() == (SOURCES / "src" / "push-worker.js").read_bytes()


def test_it_is_small_and_neither_evaluates_nor_injects() -> None:
    code = (BUILT / "clarion-inbox.js").read_bytes()

    assert len(gzip.compress(code, 9)) < 40_000
    written = "".join(path.read_text("utf-8") for path in (SOURCES / "src").rglob("*.ts"))
    assert (
        re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|unsafeHTML|document\.write|\beval\(|new Function", written)
        == []
    )


def test_what_is_bundled_is_pinned_and_comes_with_its_licence() -> None:
    wanted = json.loads((SOURCES / "package.json").read_text("utf-8"))["devDependencies"]
    locked = json.loads((SOURCES / "package-lock.json").read_text("utf-8"))["packages"]
    notices = text_of(BUILT / "clarion-inbox.LICENSES.txt")

    for name, version in wanted.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), name
        assert locked[f"node_modules/{name}"]["version"] == version
    assert f"lit {wanted['lit']}\n" in notices
    assert all("resolved" not in package and "integrity" in package for path, package in locked.items() if path)


@needs_node
def test_building_it_again_gives_the_very_same() -> None:
    made = subprocess.run(["node", "build.mjs", "--check"], cwd=SOURCES, capture_output=True, text=True, timeout=120)

    assert made.returncode == 0, made.stderr


@needs_node
def test_its_types_and_the_tests_of_its_store_pass() -> None:
    for command in (["npx", "--no-install", "tsc", "--noEmit"], ["npm", "test"]):
        made = subprocess.run(command, cwd=SOURCES, capture_output=True, text=True, timeout=120)
        assert made.returncode == 0, made.stdout + made.stderr
