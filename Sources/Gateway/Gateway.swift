// Listeners and connections.
