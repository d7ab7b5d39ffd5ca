"""From a run that waits to a process that trains it: queue, devices, the fork server, torchrun."""
