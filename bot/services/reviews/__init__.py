"""Reviews: requests that wait, judged again, and what people hold who left or could no longer ask for it."""
