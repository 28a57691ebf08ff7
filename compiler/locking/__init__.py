"""What the specs of a project say, pinned in a file that git merges."""
