"""Judging models by what they wrote: people's rankings and ratings, model judges, agreement, statistics of text."""
