"""Notebook 05: people who are ready, willing and able, and behind the organisation, put the customer first."""
