"""Changes of other programs' files: pure, as small as can be, and each with its undoing."""
