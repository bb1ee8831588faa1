"""The shape of every answer, as the OpenAPI document shows it."""
