"""Several bodies, one music: what each is measured to do, and what they do together."""
