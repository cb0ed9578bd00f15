"""What benchmarks watch commands with."""
