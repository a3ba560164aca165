"""The console's editor is committed as it was built, so that nobody needs Node; it must be built from what is here."""

import hashlib
import json
import re
import shutil
import subprocess

import pytest
from guards.tree import ROOT, SOURCE, text_of

SOURCES = ROOT / "web" / "console"
BUILT = SOURCE / "surfaces" / "console" / "static" / "console"
PARTS = ("build.mjs", "package.json", "package-lock.json", "src/editor.js")


def test_the_bundle_was_built_from_these_sources() -> None:
    digest = hashlib.sha256(b"".join((SOURCES / name).read_bytes() for name in PARTS)).hexdigest()
    first = text_of(BUILT / "editor.bundle.js").splitlines()[0]

    assert digest in first, "run make console"


def test_what_is_bundled_is_pinned_and_comes_with_its_licence() -> None:
    wanted = json.loads((SOURCES / "package.json").read_text("utf-8"))
    locked = json.loads((SOURCES / "package-lock.json").read_text("utf-8"))["packages"]
    notices = text_of(BUILT / "editor.bundle.LICENSES.txt")

    for name, version in {**wanted["dependencies"], **wanted["devDependencies"]}.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), name
        assert locked[f"node_modules/{name}"]["version"] == version
    assert all(f"{name} {version}\n" in notices for name, version in wanted["dependencies"].items())
    assert all("resolved" not in package and "integrity" in package for path, package in locked.items() if path)
    assert {package.get("license") for path, package in locked.items() if path} == {"MIT"}


@pytest.mark.skipif(
    shutil.which("node") is None or not (SOURCES / "node_modules").is_dir(),
    reason="needs Node and `npm ci` in web/console",
)
def test_building_it_again_gives_the_very_same() -> None:
    made = subprocess.run(["node", "build.mjs", "--check"], cwd=SOURCES, capture_output=True, text=True, timeout=60)

    assert made.returncode == 0, made.stderr
