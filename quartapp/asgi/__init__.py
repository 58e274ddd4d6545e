"""What a request or socket goes through before a view: limits, refusals, who asks by which name."""
