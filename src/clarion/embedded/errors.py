"""What goes wrong around the bundled servers, in words for the person at the terminal.

Only the two kinds that the command line answers with different exit codes; bugs are not dressed up as these.
"""


class EmbeddedError(Exception):
    """The bundled servers cannot run here; the text says what to do about it."""


class AlreadyRunning(EmbeddedError):
    """Somebody else holds the data directory or the port."""
