"""From facts to sentences and documents, and back."""
