"""`python -m service` is `fieldnote`."""

from service.cli import main

main()
