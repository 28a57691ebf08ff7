"""From facts to questions, and what each arm sees of their answers."""
