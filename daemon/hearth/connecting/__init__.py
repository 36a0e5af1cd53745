"""Apps and Hearth: what each app's setting is, and how it is written into the app's own file and taken back."""
