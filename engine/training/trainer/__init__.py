"""The process around the steps: outer loop, commands, records, checkpoints, failures, ranks."""
