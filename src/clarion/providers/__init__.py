"""Who carries a message. One folder a provider, each exposing `ENTRY`; they are strangers to each other.

Providers see the contract, the channels and egress. They are listed in config/wiring.py and imported by nobody else.
"""
