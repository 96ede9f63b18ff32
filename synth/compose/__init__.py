"""Form, harmony, melody, rhythm and arrangement: bar after bar."""
