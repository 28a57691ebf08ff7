"""What is wrong with a spec, and the way out."""
