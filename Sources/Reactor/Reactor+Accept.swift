internal import CLinux
internal import Glibc

extension Reactor {
    enum Taken {
        case taken(Int32)
        case none
        case failed(SystemError, mayGoOn: Bool)
    }

    /// Takes one connection from a listening socket.
    mutating func takeConnection(_ listener: Int32) -> Taken {
        while true {
            peerLength = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let descriptor = weir_accept(listener, peerStorage, &peerLength)
            if descriptor >= 0 {
                statistics.accepts += 1
                return .taken(descriptor)
            }
            switch errno {
            case EAGAIN, EWOULDBLOCK:
                return .none
            case EINTR, ECONNABORTED, EPROTO, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH,
                ENETUNREACH:
                // The peer has gone in the meantime (accept(2) hands on errors of the new connection).
                continue
            case EMFILE, ENFILE:
                return refuseWithReserve(listener, SystemError("accept4"))
            default:
                statistics.acceptFailures += 1
                return .failed(SystemError("accept4"), mayGoOn: false)
            }
        }
    }

    /// Gives up the reserve descriptor to take the connection and close it.
    ///
    /// Otherwise it would stay in the listener's queue, its peer would wait for an answer, and with an
    /// edge-triggered listener nobody would look at it until the next one comes.
    private mutating func refuseWithReserve(_ listener: Int32, _ error: SystemError) -> Taken {
        var refused: Int32 = -1
        var isQueueEmpty = false
        if reserve >= 0 {
            Glibc.close(reserve)
            refused = weir_accept(listener, peerStorage, &peerLength)
            isQueueEmpty = refused < 0 && errno == EAGAIN
            if refused >= 0 { Glibc.close(refused) }
        }
        reserve = open("/dev/null", O_RDONLY | O_CLOEXEC)
        if refused >= 0 {
            statistics.acceptsWithoutDescriptor += 1
            return .failed(error, mayGoOn: true)
        }
        // The kernel looks for a descriptor before it looks into the queue.
        if isQueueEmpty { return .none }
        statistics.acceptFailures += 1
        return .failed(error, mayGoOn: false)
    }

    /// The address of the connection last accepted.
    package var peer: SocketAddress? {
        SocketAddress(UnsafeRawPointer(peerStorage), length: Int(peerLength))
    }
}
