import Access
import Dispatch
import EventBus
import Gateway
import Logging
import RESTGateway
import Reactor
import Settings
import Synchronization

extension Gateway {
    /// The URLs at which `listener` can be reached, with the ports that the kernel chose.
    func urls(of listener: Listener) -> [String] {
        var settings = listener.configuration.settings
        return addresses(of: settings.name).map { address in
            if let port = address.port { settings.address = .network(host: address.host, port: port) }
            return settings.url
        }
    }

    /// Whether every shard answers in time.
    func answers(within timeout: Duration) async -> Bool {
        let count = shards.count
        return await first(within: timeout) { await self.snapshots().count == count } ?? false
    }
}

/// What `body` returns, or `nil` if that takes longer than `timeout`. `body` then goes on by itself.
func first<Value: Sendable>(
    within timeout: Duration,
    _ body: @escaping @Sendable () async -> Value
) async -> Value? {
    let (stream, continuation) = AsyncStream.makeStream(of: Value?.self, bufferingPolicy: .bufferingOldest(1))
    let work = Task { continuation.yield(await body()) }
    let timer = Task {
        try? await Task.sleep(for: timeout)
        continuation.yield(nil)
    }
    defer {
        work.cancel()
        timer.cancel()
    }
    for await value in stream { return value }
    return nil
}

/// Runs what blocks on a thread of its own, so that the tasks of others go on.
func onThread(_ name: String, _ body: @escaping @Sendable () -> Void) async {
    await withCheckedContinuation { continuation in
        DispatchQueue(label: name).async {
            body()
            continuation.resume()
        }
    }
}

extension Logger {
    /// Logs what a shard has to tell.
    func log(_ event: EventBus.LogEvent) {
        var metadata: Logger.Metadata = [:]
        for (key, value) in event.metadata { metadata[key] = .string(value) }
        let level: Logger.Level =
            switch event.level {
            case .debug: .debug
            case .info: .info
            case .notice: .notice
            case .warning: .warning
            case .error: .error
            }
        log(level: level, "\(event.message)", metadata: metadata)
    }
}

extension EventBus.LogEvent.Level {
    /// The lowest level of a shard's lines that a log of `level` shows.
    init(_ level: Logger.Level) {
        self =
            switch level {
            case .trace, .debug: .debug
            case .info: .info
            case .notice: .notice
            case .warning: .warning
            case .error, .critical: .error
            }
    }
}

extension WeirSettings {
    /// Access settings with what each listener says about who may use it.
    var effectiveAccess: AccessSettings {
        var access = access
        for entry in listeners {
            access.listeners[entry.gateway.name] = .init(
                allowAnonymous: entry.gateway.allowAnonymous,
                usernameFrom: entry.usernameFrom
            )
        }
        access.listeners[rpc.name] = .init(
            allowAnonymous: rpc.allowAnonymous,
            usernameFrom: rpc.tls.usernameFrom
        )
        access.listeners[RESTSettings.listener] = .init(
            allowAnonymous: rest.allowAnonymous,
            usernameFrom: rest.usernameFrom
        )
        // What Weir hands out, every listener takes.
        if let tokenKeyFile = rest.tokenKeyFile { access.tokens.keys.append(.signingKeyFile(tokenKeyFile)) }
        return access
    }
}
