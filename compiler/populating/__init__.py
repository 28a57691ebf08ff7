"""From declarations to members and stated facts: every draw keyed."""
