"""The preference centre: a person's own page, by a signed link. Works without scripts, cookies and sessions."""
