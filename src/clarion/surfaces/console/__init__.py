"""The staff console at /console/: pages for people who run Clarion. Which pages there are: registry.py."""
