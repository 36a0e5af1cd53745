"""What Hearth is handed out as: wheel, single file, Debian package, man page, completions and notices."""
