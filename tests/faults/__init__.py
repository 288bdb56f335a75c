"""Every fault of the outside world's, and of Postgres': what people see, and that work goes on by itself."""
