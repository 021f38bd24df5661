"""The five dimensions of the first assessment, one module each; `corpus.assess` puts them together."""
