"""The assessment: what an operator must know before the move, judged and with a remedy."""
