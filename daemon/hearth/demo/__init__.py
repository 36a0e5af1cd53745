"""`hearth demo`: the whole story, played by a real daemon against two rehearsed servers; whatever it tells was seen."""
