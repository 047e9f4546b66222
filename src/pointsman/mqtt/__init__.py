"""The only MQTT: the connection, reading what comes, publishing what shall go out. Knows no store and no rule of the domain."""
