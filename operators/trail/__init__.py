"""The audit log to look at: an operator's audit trail, and the whole log for stewards."""
