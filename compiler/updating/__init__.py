"""A world in two versions: what became of each fact, and which answers are stale."""
