"""Events on their way out: signed bodies, judged targets, one delivery, the times of the next ones."""
