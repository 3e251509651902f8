import AsyncHTTPClient
import HTTPGateway
package import Logging
import NIOCore
import NIOHTTP1
import Synchronization

/// Brings notifications to callback URLs and WebSockets.
///
/// Each subscriber has a bounded queue and a task of its own: one that is slow or dead costs the others
/// nothing. To one subscriber notifications go in order, one at a time.
package final class Deliverer: Sendable {
    /// Figures for metrics.
    package struct Counters: Sendable, Equatable {
        package var delivered: UInt64 = 0
        /// Attempts beyond the first.
        package var retries: UInt64 = 0
        /// Given up after the last attempt, or pushed out of a full queue.
        package var deadLetters: UInt64 = 0
    }

    package enum Target: Sendable, Equatable {
        case callback(String)
        case webSocket
    }

    private struct Subscriber {
        var target: Target
        var queue: DeliveryQueue
        var task: Task<Void, Never>?
        /// The one WebSocket that is open.
        var socket: SocketSource?
    }

    private let settings: CallbackSettings
    private let clients: PinnedClients
    /// Where callbacks may go.
    let callbacks: CallbackGuard
    private let logger: Logger
    private let subscribers = Mutex<[String: Subscriber]>([:])
    private let counts = Mutex(Counters())

    package convenience init(_ settings: CallbackSettings, logger: Logger) {
        self.init(
            settings,
            callbacks: CallbackGuard(allowsLoopback: settings.allowsLoopback),
            logger: logger
        )
    }

    package init(_ settings: CallbackSettings, callbacks: CallbackGuard, logger: Logger) {
        self.settings = settings
        self.callbacks = callbacks
        self.logger = logger
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout = .init(connect: TimeAmount(settings.timeout))
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        configuration.httpVersion = .http1Only
        clients = PinnedClients(configuration, callbacks: callbacks)
    }

    package var counters: Counters { counts.withLock { $0 } }

    /// Ends every delivery; what waits is lost, as it would be with the process.
    package func stop() async {
        let all = subscribers.withLock { subscribers in
            let all = Array(subscribers.values)
            subscribers = [:]
            return all
        }
        for subscriber in all { end(subscriber) }
        await clients.stop()
    }

    // MARK: - Subscribers

    /// Begins to deliver to `id`; what waited for it before under another target goes to the new one.
    package func open(_ id: String, _ target: Target) {
        let old = subscribers.withLock { $0.removeValue(forKey: id) }
        if let old { end(old) }
        let queue = DeliveryQueue(limit: settings.queueMaximum)
        var subscriber = Subscriber(target: target, queue: queue)
        if case .callback(let url) = target {
            let host = CallbackGuard.host(of: url) ?? ""
            subscriber.task = Task { [self] in
                while let body = await queue.next() { await deliver(body, to: url, host, for: id) }
            }
        }
        subscribers.withLock { $0[id] = subscriber }
    }

    /// Ends delivery to `id`.
    ///
    /// - Parameter last: A notification that still goes out, such as that of its end.
    func close(_ id: String) {
        guard let subscriber = subscribers.withLock({ $0.removeValue(forKey: id) }) else { return }
        // Closed, not cancelled: what waits still goes out, in the order it came.
        subscriber.queue.close()
        subscriber.socket?.close()
    }

    private func end(_ subscriber: Subscriber) {
        subscriber.queue.close()
        subscriber.socket?.close()
        subscriber.task?.cancel()
    }

    package func send(_ body: [UInt8], to id: String) {
        guard let queue = subscribers.withLock({ $0[id]?.queue }) else { return }
        let dropped = queue.push(body)
        if dropped > 0 { counts.withLock { $0.deadLetters += UInt64(dropped) } }
    }

    // MARK: - Callbacks

    private func deliver(_ body: [UInt8], to url: String, _ host: String, for id: String) async {
        var delay = settings.firstDelay
        for attempt in 1...max(1, settings.attempts) {
            if Task.isCancelled { return }
            if attempt > 1 {
                counts.withLock { $0.retries += 1 }
                guard (try? await Task.sleep(for: delay)) != nil else { return }
                delay = min(delay * 2, settings.delayMaximum)
            }
            if await post(body, to: url, host) {
                counts.withLock { $0.delivered += 1 }
                return
            }
        }
        counts.withLock { $0.deadLetters += 1 }
        logger.debug("a notification was given up", metadata: ["subscription.id": "\(id)"])
    }

    private func post(_ body: [UInt8], to url: String, _ host: String) async -> Bool {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.body = .bytes(ByteBuffer(bytes: body))
        do {
            let client = try await clients.client(for: url, host: host)
            let response = try await client.execute(request, timeout: TimeAmount(settings.timeout))
            // Read to its end, so that the connection serves the next one too.
            _ = try await response.body.collect(upTo: 64 << 10)
            return (200..<300).contains(response.status.code)
        } catch {
            return false
        }
    }

    // MARK: - WebSockets

    /// What a WebSocket of subscription `id` carries; a new one takes the place of the old.
    func source(_ id: String) -> (any WebSocketSource)? {
        let (source, old) = subscribers.withLock { subscribers -> (SocketSource?, SocketSource?) in
            guard let subscriber = subscribers[id], subscriber.target == .webSocket else { return (nil, nil) }
            let source = SocketSource(queue: subscriber.queue, owner: self)
            subscribers[id]?.socket = source
            return (source, subscriber.socket)
        }
        old?.close()
        return source
    }

    fileprivate func countDelivered() { counts.withLock { $0.delivered += 1 } }
}

/// One WebSocket's share of a queue: its end does not end the subscription.
private final class SocketSource: WebSocketSource {
    private let queue: DeliveryQueue
    private let owner: Deliverer
    private let pending = Mutex<(isClosed: Bool, task: Task<[UInt8]?, Never>?)>((false, nil))

    init(queue: DeliveryQueue, owner: Deliverer) {
        self.queue = queue
        self.owner = owner
    }

    func next() async -> [UInt8]? {
        let queue = queue
        let task = pending.withLock { pending -> Task<[UInt8]?, Never>? in
            guard !pending.isClosed else { return nil }
            let task = Task { await queue.next() }
            pending.task = task
            return task
        }
        guard let body = await task?.value else { return nil }
        owner.countDelivered()
        return body
    }

    func close() {
        pending.withLock { pending in
            pending.isClosed = true
            return pending.task
        }?.cancel()
    }
}
