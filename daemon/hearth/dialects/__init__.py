"""Wire formats: what each reads and writes, as pure functions over bytes and meanings."""
