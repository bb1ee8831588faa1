"""`nof0 rehearse`: a configuration of one's own against the venue on this machine."""
