"""Counsel teams: contracts whose standard promises the members of a team, staffed by one that covers its specialties.

``wishes`` what may be asked, ``freezing`` from the tables to a problem, ``frozen`` its document, ``computing`` the answer with
its reasons, ``proving`` the checks without a database, ``sending`` what holds at proposal and answer, ``services`` what people
state and ask for, ``words`` reasons as sentences. A run of a team is an ``AssignmentRun`` of the shape ``team``.
"""
