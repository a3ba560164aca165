"""Old name of `bundle.py`, kept only until its first importer has moved (the house forbids this file name)."""

from clarion.embedded.bundle import Services, running

__all__ = ["Services", "running"]
