"""Counsel teams: who should advise which government together.

``problem`` says which contracts want a team and who may be asked, ``pairs`` who may join which and at what cost,
``solver`` finds a plan and prices that bound every plan from below, ``proof`` checks both without the solver,
``reasons`` says why.
"""
