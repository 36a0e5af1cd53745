"""What the user may say to Hearth, and where its files live."""
