"""Probes: measurements on a frozen copy of the network, taken a little at a time between training steps."""
