"""`python -m biofeedback` is the command `biofeedback`."""

from biofeedback.cli import main

if __name__ == "__main__":
    main()
