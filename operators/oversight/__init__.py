"""The pages of stewards: what is paused, acts with a reason and a fresh second factor, and what operators see of it.

They stand here and not in audit/oversight: that floor knows subjects by type and id only.
"""
