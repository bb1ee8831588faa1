"""The report as one HTML page: tables that need no script, charts that bring theirs along."""
