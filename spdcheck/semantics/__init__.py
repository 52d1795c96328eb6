"""What the model means: predicates, decision lists, the order of a kernel, agreement of peers."""
