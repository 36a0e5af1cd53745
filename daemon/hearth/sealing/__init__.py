"""A sealed Hearth: mode offline held by the Linux kernel, not by Hearth's own code alone (design §4, T30, G1)."""
