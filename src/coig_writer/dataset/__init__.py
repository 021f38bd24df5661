"""A release: what may go out, in which formats, and what says so."""

from coig_writer.dataset.sets import TripletSet, load

__all__ = ["TripletSet", "load"]
