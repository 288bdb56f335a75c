"""What others expect of the played services: request sequences of official clients, replayed."""
