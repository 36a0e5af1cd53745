"""What answers cost and what may be spent: price tags, the book of all prices, the purse; pure."""
