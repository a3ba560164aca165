"""Reading a folder of templates: strict, bounded, never outside of the folder."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from clarion.contract.channel import ChannelKey
from clarion.records.templating.engine.trie import check_path
from clarion.records.templating.files.content_file import parse_content, parse_name
from clarion.records.templating.files.faults import FolderFault, UnreadableFolder
from clarion.records.templating.files.manifest import parse_manifest
from clarion.records.templating.files.template import MANIFEST, Place, TemplateFiles, path_of

MAX_BYTES = 512 * 1024
MAX_TEMPLATES = 10_000
MAX_FILES = 500


def read_folder(path: Path) -> list[TemplateFiles]:
    """Every template below the folder (or the one that the folder is), by path. Raises UnreadableFolder with all faults
    of all files. Files beside the templates' folders and hidden ones are passed over."""
    templates: list[TemplateFiles] = []
    faults: list[FolderFault] = []
    for folder in _folders(path):
        try:
            templates.append(_Folder(path, folder, faults).read())
        except FolderFault as fault:
            faults.append(fault)
    if faults:
        raise UnreadableFolder(faults)
    return sorted(templates, key=lambda template: template.path)


def _folders(root: Path) -> Iterator[Path]:
    if not root.is_dir():
        raise UnreadableFolder([FolderFault(str(root), 0, "there is no such folder")])
    if (root / MANIFEST).exists():
        yield root
        return
    found = sorted(each for each in root.iterdir() if each.is_dir() and not each.name.startswith((".", "__")))
    if len(found) > MAX_TEMPLATES:
        raise UnreadableFolder([FolderFault(str(root), 0, f"more than {MAX_TEMPLATES} templates")])
    yield from found


class _Folder:
    """One template's folder. Faults that leave the rest readable are put into `faults`."""

    def __init__(self, root: Path, folder: Path, faults: list[FolderFault]) -> None:
        self._root = root
        self._folder = folder
        self._faults = faults
        self._within = root.resolve()

    def read(self) -> TemplateFiles:
        """The template with its content."""
        name = self._folder.resolve().name if self._folder == self._root else self._folder.name
        try:
            path = check_path(path_of(name))
        except ValueError as error:
            raise FolderFault(self._shown(self._folder), 0, f"the folder's name is no path: {error}") from None
        manifest = self._folder / MANIFEST
        if not manifest.exists():
            raise FolderFault(self._shown(self._folder), 0, f"there is no {MANIFEST} in it")
        template = parse_manifest(self._text(manifest), self._shown(manifest), path)
        return self._with_content(template)

    def _with_content(self, template: TemplateFiles) -> TemplateFiles:
        content: dict[ChannelKey, dict[str, dict[str, str]]] = {}
        places: dict[tuple[ChannelKey, str, str], Place] = {}
        for file in self._files():
            shown = self._shown(file)
            try:
                name = parse_name(file.name, shown)
                read = parse_content(self._text(file), shown, name)
            except FolderFault as fault:
                self._faults.append(fault)
                continue
            fields = content.setdefault(name.channel, {}).setdefault(name.locale, {})
            for key, value in read.fields.items():
                line, column = read.places[key]
                if key in fields:
                    self._faults.append(FolderFault(shown, line, f"{key} stands in another file already"))
                places[name.channel, name.locale, key] = Place(file=shown, line=line, column=column)
                fields[key] = value
        ordered = {key: dict(sorted(content[key].items())) for key in ChannelKey if key in content}
        return replace(template, content=ordered, places=places)

    def _files(self) -> Iterator[Path]:
        found = sorted(each for each in self._folder.iterdir() if not each.name.startswith("."))
        if len(found) > MAX_FILES:
            raise FolderFault(self._shown(self._folder), 0, f"more than {MAX_FILES} files")
        for each in found:
            if each.is_dir():
                self._faults.append(FolderFault(self._shown(each), 0, "a template's folder holds files only"))
            elif each.name != MANIFEST:
                yield each

    def _text(self, file: Path) -> str:
        shown = self._shown(file)
        try:
            if not file.resolve(strict=True).is_relative_to(self._within):
                raise FolderFault(shown, 0, "the link leads out of the folder: put the file itself here")
            if not file.is_file():
                raise FolderFault(shown, 0, "it is no file that can be read")
            if file.stat().st_size > MAX_BYTES:
                raise FolderFault(shown, 0, f"the file is larger than {MAX_BYTES // 1024} kB")
            return file.read_bytes().decode("utf-8")
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            raise FolderFault(shown, line, "not UTF-8: save the file as UTF-8") from None
        except OSError as error:
            raise FolderFault(shown, 0, f"it cannot be read: {error.strerror or type(error).__name__}") from None

    def _shown(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix() if path != self._root else path.name
