"""One script per claim; each prints one line of JSON."""
