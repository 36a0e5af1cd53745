"""How the tests run: property tests repeat themselves exactly in CI, and explore at home."""

import os

from hypothesis import HealthCheck, settings

# No deadline: a shared core may pause any example. Slow generation says the same about the machine, not about the code.
settings.register_profile("home", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("home"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "home")
