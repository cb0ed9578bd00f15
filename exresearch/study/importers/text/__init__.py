"""Text files: encoding, heading and decimal sign, each found on evidence."""
