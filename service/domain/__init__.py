"""Pure rules: jobs, trials, objectives, fronts, fidelities."""
