"""Questions, their answers from several models, scores, and what the difference between models is worth."""
