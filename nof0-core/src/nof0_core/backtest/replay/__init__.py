"""Recorded cycles, done again from the journal alone: asked, judged and ordered as they were."""
