"""Files of the user's own, read strictly: tables, typed cells, texts."""
