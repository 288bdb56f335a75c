"""What is judged again by itself: requests that wait, and access whose owner may no longer have it."""
