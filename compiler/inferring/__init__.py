"""From stated facts to all that follows, what is false, and why."""
