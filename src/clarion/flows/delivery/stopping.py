"""A worker that is asked to stop finishes what its provider has been given, gives the rest of its claim back, and
claims no more."""

from threading import Event

stopping = Event()
