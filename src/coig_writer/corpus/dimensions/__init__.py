"""The five dimensions of the first assessment, one module each, and the `decoration` that two of them look past."""
