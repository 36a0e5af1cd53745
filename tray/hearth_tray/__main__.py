"""`python -m hearth_tray` is `hearth-tray`."""

from hearth_tray.app import main

main()
