"""PrivateLink: AWS accounts and the endpoint, as pure decisions."""
