"""From approved decisions to orders, fills, protection and agreement with the venue.

One `ExecutionEngine` for each venue account. Nothing else in nof0 talks to an exchange provider.
"""
