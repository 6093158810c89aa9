"""Volunteers' shifts: who comes when, of those who offered to.

``problem`` says which shifts want how many and who offered, ``offers`` which offers can be taken and which exclude each other,
``solver`` finds a plan and prices of places that bound every plan from above, ``blocks`` does so exactly where shifts are blocks,
``proof`` checks both, ``reasons`` says why.
"""
