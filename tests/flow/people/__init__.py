"""People and user groups at scale and in bad times, over HTTP."""
