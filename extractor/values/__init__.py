"""The value finder: times, durations, recurrences, numbers, percentages, money, quantities and phone numbers."""
