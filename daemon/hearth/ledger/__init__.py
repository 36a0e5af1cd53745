"""The usage log: one writer thread, one SQLite file, counts and names and reasons, never what was said."""
