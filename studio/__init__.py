"""The studio: the page and the commands with which people start, watch, steer and compare trainings."""
