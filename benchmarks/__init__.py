"""Measurements and the generator of logs; not part of the product and not imported by it."""
