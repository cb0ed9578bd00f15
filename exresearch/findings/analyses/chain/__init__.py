"""The chain from employee experience through engagement and ambassadorship to customers, step by step."""
