"""The assignment engine: arrays in, arrays out. It knows no Django and no database.

``problem`` says what is to be matched, ``pairs`` who may serve where and at what cost, ``solver`` finds the best plan,
``proof`` shows that there is no better one, ``reasons`` says why.
"""
