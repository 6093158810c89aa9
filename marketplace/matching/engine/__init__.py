"""The compiled core: exact assignment over all eligible pairs by shortest augmenting paths, and its repair.

``ground`` lays a problem out as arrays in the order of two trees over the places, ``tree`` builds them, ``near`` asks
them who is in reach at what cost and price, ``forward`` places posts one by one, ``backward`` fills places that came
free, ``live`` keeps a plan optimal while things change. Everything here imports numba.
"""
