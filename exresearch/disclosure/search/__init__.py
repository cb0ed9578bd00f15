"""What must not stand in any file that leaves the computer."""
