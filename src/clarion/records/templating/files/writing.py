"""Writing templates as folders. What says the same already is left as it is, with its comments and layout."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from clarion.contract.channel import ChannelKey
from clarion.records.templating.engine.trie import check_path
from clarion.records.templating.files.content_file import content_files, parse_name
from clarion.records.templating.files.faults import FolderFault, UnreadableFolder
from clarion.records.templating.files.manifest import dump_manifest
from clarion.records.templating.files.reading import read_folder
from clarion.records.templating.files.template import MANIFEST, TemplateFiles, folder_name


def write_folder(root: Path, templates: Iterable[TemplateFiles]) -> list[Path]:
    """Write the templates below `root`; other templates there stay. Gives the files that were written or removed.
    Raises UnreadableFolder where a template's folder is a link to somewhere else."""
    root.mkdir(parents=True, exist_ok=True)
    changed: list[Path] = []
    for template in templates:
        changed += _write(root, normalised(template))
    return changed


def normalised(template: TemplateFiles) -> TemplateFiles:
    """The template as reading its files would give it: channels and locales in order."""
    content = {
        key: {locale: dict(fields) for locale, fields in sorted(template.content[key].items())}
        for key in ChannelKey
        if template.content.get(key)
    }
    return replace(template, content=content)


def _write(root: Path, template: TemplateFiles) -> list[Path]:
    folder = root / folder_name(check_path(template.path))
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise UnreadableFolder([FolderFault(folder.name, 0, "a link or a file stands where the folder should be")])
    before = _known(folder)
    if before == template:
        return []
    folder.mkdir(exist_ok=True)
    files: dict[str, str] = {}
    if before is None or replace(before, content={}) != replace(template, content={}):
        files[MANIFEST] = dump_manifest(template)
    wanted = {MANIFEST}
    for channel, locales in template.content.items():
        for locale, fields in locales.items():
            texts = content_files(channel, locale, fields)
            wanted |= set(texts)
            if before is None or before.content.get(channel, {}).get(locale) != fields:
                files |= texts
    return _put(folder, files) + _drop(folder, wanted)


def _known(folder: Path) -> TemplateFiles | None:
    """What stands there now; None when there is nothing, or nothing that can be read."""
    if not (folder / MANIFEST).is_file():
        return None
    try:
        return read_folder(folder)[0]
    except UnreadableFolder:
        return None


def _put(folder: Path, files: dict[str, str]) -> list[Path]:
    """Each file is there whole or not at all."""
    written = []
    for name, text in files.items():
        path, beside = folder / name, folder / f".{name}.new"
        encoded = text.encode("utf-8")
        if not path.is_symlink() and path.is_file() and path.read_bytes() == encoded:
            continue
        beside.unlink(missing_ok=True)  # it may have come with the folder, as a link to anywhere
        beside.write_bytes(encoded)
        beside.replace(path)
        written.append(path)
    return written


def _drop(folder: Path, wanted: set[str]) -> list[Path]:
    """Remove the content that the template has no longer; files that are no content of ours stay."""
    gone = []
    for path in sorted(folder.iterdir()):
        if path.name in wanted or path.is_dir():
            continue
        try:
            parse_name(path.name, path.name)
        except FolderFault:
            continue
        path.unlink()
        gone.append(path)
    return gone
