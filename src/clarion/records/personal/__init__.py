"""Personal data at rest: sealed values, keyed hashes for lookup, and the list of every personal column."""
