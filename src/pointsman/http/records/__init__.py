"""What has happened, as it is asked for and told: jobs and the state history. Both APIs' routes of them are made of it."""
