internal import CLinux
internal import Glibc
package import Reactor
import Synchronization

/// The link between a site and its cloud: a TCP relay on loopback that can be cut, or fall silent.
package final class Backhaul: Sendable {
    /// Where the site connects to, on 127.0.0.1.
    package let port: UInt16
    private let target: UInt16
    private let listener: ListeningSocket
    private let wake: Int32
    private let state = Mutex(State())
    private let thread = Mutex<ReactorThread?>(nil)

    private struct State {
        var link = OutageSchedule.Link.up
        var isStopping = false
    }

    /// - Parameter target: the cloud's port on 127.0.0.1.
    package init(to target: UInt16) throws(SystemError) {
        self.target = target
        listener = try ListeningSocket(.ipv4(0x7F00_0001, port: 0))
        guard case .ipv4(_, let port) = listener.address else {
            throw SystemError("getsockname", code: EINVAL)
        }
        self.port = port
        wake = weir_eventfd()
        guard wake >= 0 else { throw SystemError("eventfd") }
    }

    package func start() throws(SystemError) {
        try thread.withLock { thread throws(SystemError) in
            thread = try ReactorThread(name: "backhaul") { self.run() }
        }
    }

    package func set(_ link: OutageSchedule.Link) {
        let isNew = state.withLock { state in
            defer { state.link = link }
            return state.link != link
        }
        if isNew { signal() }
    }

    package func stop() {
        state.withLock { $0.isStopping = true }
        signal()
        let running = thread.withLock { thread in thread.take() }
        if let running {
            running.join()
            listener.close()
            close(wake)
        }
    }

    private func signal() {
        var one: UInt64 = 1
        _ = write(wake, &one, 8)
    }

    // MARK: - The thread

    /// Bytes that came from one end and wait for the other.
    private struct Pipe {
        var bytes: [UInt8] = []
        var isEnded = false

        /// At most so many wait; then nothing more is read.
        static let limit = 256 << 10
        var hasRoom: Bool { bytes.count < Self.limit && !isEnded }
    }

    private struct Relay {
        var site: Int32
        var cloud: Int32
        var up = Pipe()
        var down = Pipe()
        var isOver = false

        func close() {
            Glibc.close(site)
            Glibc.close(cloud)
        }
    }

    private func run() {
        var relays: [Relay] = []
        while true {
            let (link, isStopping) = state.withLock { ($0.link, $0.isStopping) }
            if link == .cut || isStopping {
                for relay in relays { relay.close() }
                relays.removeAll()
            }
            if isStopping { return }
            var wanted = [pollfd(fd: wake, events: Int16(POLLIN), revents: 0)]
            // While packets vanish nobody is answered either.
            if link != .silent {
                wanted.append(pollfd(fd: listener.descriptor, events: Int16(POLLIN), revents: 0))
                for relay in relays {
                    wanted.append(Self.interest(relay.site, reads: relay.up, writes: relay.down))
                    wanted.append(Self.interest(relay.cloud, reads: relay.down, writes: relay.up))
                }
            }
            guard poll(&wanted, nfds_t(wanted.count), -1) > 0 else { continue }
            if wanted[0].revents != 0 {
                var count: UInt64 = 0
                _ = read(wake, &count, 8)
                continue
            }
            for index in relays.indices {
                move(&relays[index], wanted[2 + 2 * index].revents, wanted[3 + 2 * index].revents)
            }
            for relay in relays where relay.isOver { relay.close() }
            relays.removeAll { $0.isOver }
            if wanted[1].revents != 0, let relay = accept(link) { relays.append(relay) }
        }
    }

    private static func interest(_ descriptor: Int32, reads: Pipe, writes: Pipe) -> pollfd {
        var events: Int32 = 0
        if reads.hasRoom { events |= POLLIN }
        if !writes.bytes.isEmpty { events |= POLLOUT }
        return pollfd(fd: descriptor, events: Int16(events), revents: 0)
    }

    private func accept(_ link: OutageSchedule.Link) -> Relay? {
        let site = Glibc.accept(listener.descriptor, nil, nil)
        guard site >= 0 else { return nil }
        let cloud = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        let isConnected =
            link == .up
            && SocketAddress.ipv4(0x7F00_0001, port: target).withSockaddr { connect(cloud, $0, $1) == 0 }
                == true
        guard isConnected else {
            close(site)
            close(cloud)
            return nil
        }
        for descriptor in [site, cloud] { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }
        return Relay(site: site, cloud: cloud)
    }

    private func move(_ relay: inout Relay, _ site: Int16, _ cloud: Int16) {
        let closing = Int16(POLLIN | POLLHUP | POLLERR)
        if site & closing != 0 { receive(relay.site, &relay.up) }
        if cloud & closing != 0 { receive(relay.cloud, &relay.down) }
        let isSent = send(&relay.up, to: relay.cloud) && send(&relay.down, to: relay.site)
        let isDone =
            (relay.up.isEnded && relay.up.bytes.isEmpty) || (relay.down.isEnded && relay.down.bytes.isEmpty)
        relay.isOver = !isSent || isDone
    }

    private func receive(_ descriptor: Int32, _ pipe: inout Pipe) {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let count = read(descriptor, &buffer, buffer.count)
        if count > 0 {
            pipe.bytes += buffer[..<count]
        } else if count == 0 || errno != EAGAIN {
            pipe.isEnded = true
        }
    }

    /// - Returns: `false` when the other end is gone.
    private func send(_ pipe: inout Pipe, to descriptor: Int32) -> Bool {
        guard !pipe.bytes.isEmpty else { return true }
        let count = Glibc.send(descriptor, pipe.bytes, pipe.bytes.count, Int32(MSG_NOSIGNAL))
        guard count >= 0 else { return errno == EAGAIN }
        pipe.bytes.removeFirst(count)
        return true
    }
}
