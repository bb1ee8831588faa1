"""Models behind any endpoint that speaks OpenAI's protocol."""
