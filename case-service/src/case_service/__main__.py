"""`python -m case_service api | work | migrate | republish | rebuild | dead-letters`."""

from tongban.process import main

if __name__ == "__main__":
    main("case_service")
