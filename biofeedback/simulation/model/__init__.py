"""What every family of virtual listeners is made of: types, music as they hear it, noise."""
