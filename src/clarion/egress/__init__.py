"""The only door to the outside network: one event loop a process, guarded HTTP, MIME, webhook signatures.

Knows nothing of the house: no contract, no records, no settings. It has error types of its own (`errors`), which
each provider turns into outcomes and faults.
"""
