"""A provider's keys: which goes with an attempt, how each stands, what limits leave, what providers say."""
