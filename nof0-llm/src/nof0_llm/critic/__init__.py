"""One model proposes, another may only veto or shrink."""
