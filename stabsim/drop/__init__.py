"""The page of the book that diagnoses a log dropped on it: what its scripts must be told.

The scripts are in ``book/web``; they say what ``stabsim diagnose`` says, and tests hold the two
together.
"""
