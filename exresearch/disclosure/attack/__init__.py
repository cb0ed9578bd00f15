"""What an outsider can work out from everything that a report shows."""
