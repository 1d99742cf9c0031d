"""The version of Peira, in one place."""

__version__ = "0.1.0"
