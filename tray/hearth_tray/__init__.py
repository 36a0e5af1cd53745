"""The tray icon: a view over the control API, and never more."""
