/// What happened, as ``Reactor/next()`` tells it.
package enum Completion {
    /// Bytes arrived. They lie in the reactor's own buffer and are good until the next call of
    /// ``Reactor/next()``; ``Reactor/headroomBytes`` bytes before them may be written to.
    case received(SocketID, tag: UInt32, UnsafeMutableRawBufferPointer)
    /// After a send that fell short: `count` more bytes have left, and the kernel takes bytes again.
    ///
    /// On epoll `count` is 0. An engine that sends asynchronously reports here what it has sent.
    case sent(SocketID, tag: UInt32, count: Int)
    /// The peer has sent its last byte (`error` is `nil`), or the connection broke. Comes once, and nothing
    /// is received afterwards; the socket stays open until ``Reactor/close(_:)``.
    case ended(SocketID, tag: UInt32, error: SystemError?)
    /// A listener took a connection: a non-blocking descriptor that nobody owns yet. Its peer's address is in
    /// ``Reactor/peer`` until the next call of ``Reactor/next()``.
    case accepted(tag: UInt32, descriptor: Int32)
    /// A listener could not take a connection.
    ///
    /// With no descriptor left the connection is taken on a reserve and closed at once, so that the peer
    /// does not wait in vain, and the listener goes on. Where that fails too, the listener pauses
    /// (`paused`) until ``Reactor/resumeReading(_:)``.
    case acceptFailed(SocketID, tag: UInt32, error: SystemError, paused: Bool)
    /// A timer fired.
    case timer(UInt64)
    /// Somebody called ``Waker/wake()``: look into the mailboxes.
    case woken
}
