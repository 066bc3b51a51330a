"""A stand-in for the providers: a person with years of data behind each real provider's API.

It shares no table and no code with the client that it tests, except civil days and errors: what
both sides copied from one place could be wrong on both sides.
"""
