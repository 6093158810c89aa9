"""Ground that every room stands on: states, errors, time, events, sealing. No business tables."""
