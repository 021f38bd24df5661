"""Models answer queries: read queries, build prompts, ask any model, resumably, and look at the answers."""
