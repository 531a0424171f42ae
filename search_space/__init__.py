"""What a cell is: operators, spaces, networks, costs and export. Knows torch, and nothing of ours."""
