"""What moves the win rate, and how sure that is: counts in, estimates out."""
