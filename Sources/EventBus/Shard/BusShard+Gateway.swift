extension BusShard {
    /// Whether the client's CONNECT has been answered with success, so that the gateway's time limit for that has
    /// been kept.
    package func isConnected(_ id: ConnectionID) -> Bool {
        client(id)?.pointee.state == .connected
    }
}
