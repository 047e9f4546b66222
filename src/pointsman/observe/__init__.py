"""What the outside sees of a worker: logs, health, and what the service manager is told. Knows no other adapter."""
