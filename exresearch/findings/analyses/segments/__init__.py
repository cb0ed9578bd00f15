"""Notebook 07: do segments built on needs say more than the categories an organisation already keeps."""
