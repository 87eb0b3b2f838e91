"""Tables to look things up in: the index of errors, the cheat sheet, two errors side by side."""
