"""Two states of a spec side by side: what is declared otherwise, and what that changes in the corpora."""
