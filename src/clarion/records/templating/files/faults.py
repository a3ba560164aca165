"""What can be wrong with a folder of templates."""

from collections.abc import Sequence


class FolderFault(ValueError):
    """One fault: `file` as seen from the folder, `line` from 1 (0: the whole file)."""

    def __init__(self, file: str, line: int, message: str) -> None:
        super().__init__(f"{file}{f', line {line}' if line else ''}: {message}")
        self.file = file
        self.line = line
        self.message = message


class UnreadableFolder(Exception):
    """The folder cannot be taken as it is; `faults` are all that were found."""

    def __init__(self, faults: Sequence[FolderFault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)
