"""The process that plays: beats in, deadlines met, silence guaranteed."""
