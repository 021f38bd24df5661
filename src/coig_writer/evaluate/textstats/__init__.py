"""Statistics of answers as texts: length, diversity, contamination, behaviour, repetition, compliance, flavour."""
