"""Pacing: how fast an account or a person may be served, and whether an account is well. Shared through Redis, with
a careful fallback in the process when Redis is away. No tables; what staff set is in records/accounts and categories.
"""
