"""Celery tasks are doors: they call one function and know nothing else."""
