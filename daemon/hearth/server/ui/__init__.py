"""The dashboard: a page over the control API, served by the daemon, for browsers that `hearth ui` has signed in."""
