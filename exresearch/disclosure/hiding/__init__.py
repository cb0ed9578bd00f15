"""Which rows are hidden, for their own sake and for that of others."""
