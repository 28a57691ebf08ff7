"""From syntax to checked worlds and experiments, every error found, nothing drawn."""
