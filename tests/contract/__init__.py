"""What others expect of the emulated services: request sequences of official clients, replayed."""
