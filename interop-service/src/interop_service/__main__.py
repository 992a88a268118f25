"""`python -m interop_service api | work | migrate | republish | rebuild | dead-letters`."""

from interop_service.app import SERVICE, create_app
from tongban.process import main

if __name__ == "__main__":
    main(SERVICE, create_app)
