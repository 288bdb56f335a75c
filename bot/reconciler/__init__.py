"""How each way in is kept in step: one module for a method's pass, and what all passes share."""
