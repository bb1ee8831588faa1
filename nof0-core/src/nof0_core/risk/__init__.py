"""The gate between what a model wants and what is ordered."""
