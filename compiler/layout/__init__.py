"""One layout for every spec, every comment kept."""
