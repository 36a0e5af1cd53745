"""What was asked and answered, kept on disk where the user turned that on; off, nothing here is imported."""
