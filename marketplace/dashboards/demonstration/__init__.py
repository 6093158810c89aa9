"""The demonstration: Leishan county and its prefecture, played through the services that people use.

Everybody in it is invented (every name carries 示例, 范例 or 试例: sample). The same day gives the same play.
"""
