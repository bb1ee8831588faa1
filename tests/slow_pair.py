"""An ensemble of two paid models, of which one never answers."""

from llm_server import Say

LLM = """
base_url: ${URL}
api_key: none
max_retries: 0
budget: {daily_usd: 0.05}
models:
  pair: {backend: ensemble, params: {members: [quick, slow]}}
  quick: {model_name: v/quick, price: {input: 1, output: 10}, max_completion_tokens: 1000}
  slow: {model_name: v/slow, price: {input: 1, output: 10}, max_completion_tokens: 1000}
"""
COUNTED = {"prompt_tokens": 2000, "completion_tokens": 100, "total_tokens": 2100}


def thinks_for_ever(body):
    """Answer for the quick one at once."""
    return Say(after=600) if body["model"] == "v/slow" else Say(usage=COUNTED)
