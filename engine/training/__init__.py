"""Training: below this folder torch may be imported, and nowhere else."""
