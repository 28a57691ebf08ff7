"""General text in plain English, which came with the package, and questions about stories."""
