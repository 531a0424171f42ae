"""How answers become numbers that a predictor can learn from, one kind of search space a file."""
