"""From a plan to a finished session: what a user asked for, made of parts, run, and written out."""
