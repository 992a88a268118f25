"""`python -m catalog_service api | work | migrate | republish | rebuild | dead-letters`."""

from tongban.process import main

if __name__ == "__main__":
    main("catalog_service")
