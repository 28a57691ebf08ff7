"""Invented words: syllables, lexicons, what they keep apart from, how they are inflected."""
