"""What an arm adds to its training documents: what a teacher is asked, what may follow, what it wrote."""
