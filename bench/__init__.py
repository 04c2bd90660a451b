"""Speed, memory and quality side by side with the tools a user would pick instead."""
