"""A worker that is asked to stop finishes the batch in hand and claims no other."""

from threading import Event

stopping = Event()
