"""Consent: unsubscribing by a link, and mailing lists with a double opt-in. Start with unsubscribe.py and opt_in.py."""
