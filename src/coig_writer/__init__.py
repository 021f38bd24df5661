"""Process-supervised creative-writing data: prompt, reasoning and article, from raw texts to reports."""

__version__ = "0.1.0"
