"""The brand: who we are in what we send. One row; what templates see of it is records/templating/brand.py's."""
