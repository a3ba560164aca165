"""Templates as folders of files, for teams that keep them in git: reading, writing, strict and without Django.

    <dir>/<template.path>/template.yaml            name, category, variables, sample, …
    <dir>/<template.path>/<channel>.<locale>.<ext>  front matter (subject, title, link …) and the body below it

`default` is the default locale; a `*` in a path is a `+` in the folder's name.
"""

from clarion.records.templating.files.faults import FolderFault, UnreadableFolder
from clarion.records.templating.files.reading import read_folder
from clarion.records.templating.files.template import Place, TemplateFiles
from clarion.records.templating.files.writing import write_folder

__all__ = ["FolderFault", "Place", "TemplateFiles", "UnreadableFolder", "read_folder", "write_folder"]
