"""Changes that somebody other than pgaccess makes at Heroku."""
