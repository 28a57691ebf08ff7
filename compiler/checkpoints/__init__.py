"""Checkpoints that others trained: found, checked before anything is read, described. No JAX here."""
