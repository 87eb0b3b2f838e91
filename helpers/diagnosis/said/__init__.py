"""What a diagnosis says: the causes, the words, how they look."""
