"""Stand-ins for vendors' APIs, written from their documentation, one module a vendor. Loopback only.

Tests script their faults; `clarion simulate <provider>` runs one for a developer. `simulator.py` holds what they share.
"""
