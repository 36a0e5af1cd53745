"""The answer cache: identical requests that leave nothing to chance are answered once."""
