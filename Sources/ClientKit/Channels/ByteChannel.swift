/// A stream of bytes to a broker that never blocks: TCP, TLS on it, WebSocket on either.
///
/// Used by one thread.
protocol ByteChannel: AnyObject {
    /// What poll waits on.
    var descriptor: Int32 { get }
    /// Bytes are at hand already, so that there is no need to wait for the descriptor.
    var hasBufferedInput: Bool { get }
    /// What was sent has not all gone: wait for the descriptor to be writable.
    var hasBufferedOutput: Bool { get }

    /// Begins whatever stands before the first byte: a TLS handshake, an HTTP upgrade.
    ///
    /// - Returns: whether it is complete; otherwise it is called again when the descriptor is ready.
    func establish() throws(ClientError) -> Bool

    /// What has come; empty when nothing has.
    ///
    /// - Throws: ``ClientError/Kind/closed`` at the end of the stream.
    func receive() throws(ClientError) -> [UInt8]

    /// Sends what can be sent now and keeps the rest.
    func send(_ bytes: [UInt8]) throws(ClientError)

    /// Sends of what was kept as much as can be sent now.
    func flush() throws(ClientError)

    /// Ends the stream; afterwards nothing may be called.
    func close()
}
