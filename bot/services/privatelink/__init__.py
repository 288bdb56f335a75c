"""PrivateLink: AWS accounts, and closing the endpoint."""
