"""Times: calendar stretches, clock times, offsets, bounds and ranges; durations and recurrences."""
