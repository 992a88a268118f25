"""`python -m site_service api | work | migrate | republish | rebuild | dead-letters`."""

from site_service.app import SERVICE, create_app
from tongban.process import main

if __name__ == "__main__":
    main(SERVICE, create_app)
