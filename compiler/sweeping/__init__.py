"""Sweeps: one experiment as many, of which each is an ordinary one."""
