"""From text to a whole syntax tree: files, tokens, trees, imports and parameters."""
