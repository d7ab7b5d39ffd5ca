"""Report: what a comparison has shown, in files that need nothing else."""
