"""The engine: a note in, CRM fields with their words, reasons and confidence out. Pure: no socket, no database."""
