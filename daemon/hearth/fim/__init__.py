"""Fill in the middle: how each family of models wants the text around a gap written, and who needs that."""
