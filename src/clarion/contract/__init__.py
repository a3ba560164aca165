"""The promise between the engine and a provider: what goes in, what comes out, what may be raised.

Nothing here knows Django, settings, retries or a particular vendor.
"""
