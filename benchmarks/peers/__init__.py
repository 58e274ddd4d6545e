"""Other stacks, each as its own documentation shows, over the same tables as quartapp."""
