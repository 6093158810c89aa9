"""Duty rosters: the shifts of a period, who offered to come to which, who is proposed, and what they answered.

``services`` drafts and opens a roster, ``offers`` keeps what people offered, ``freezing`` makes the engine's problem of it,
``computing`` solves it (in a worker), ``deals`` stores and sends the plan, ``duties`` takes the answers, ``swaps`` hands over.
"""
