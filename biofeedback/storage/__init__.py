"""Where things are kept on this computer, and how: paths, folders, encryption."""
