"""The form: every field of an experiment as a control, and its way back into an experiment."""
