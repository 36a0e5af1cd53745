"""Facts about the world: the machine's load, who calls, what is installed, who is well."""
