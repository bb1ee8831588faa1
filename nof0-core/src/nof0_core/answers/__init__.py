"""From the text of a model to decisions: found, read, checked, and told where it is wrong."""
