"""What looks at sites: a guarded client, in the background."""
