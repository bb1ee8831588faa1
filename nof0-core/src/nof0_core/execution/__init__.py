"""From approved decisions to orders, fills, protection and agreement with the venue.

One `Desk` per exchange section. It is the only part of nof0 that talks to an exchange provider.
"""
