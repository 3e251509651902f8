package import Access
package import EventBus
package import Reactor
import Synchronization

/// The network side of a running broker: its listeners, and one thread per shard.
///
/// 1. ``init(settings:listeners:access:log:)`` reads certificates and makes the shards' mailboxes, so that storage
///    can be told whom to call.
/// 2. ``start(_:)`` binds every listener and starts the threads.
/// 3. ``reload(listeners:bus:access:)`` any number of times.
/// 4. ``drain(within:)`` ends it.
package final class Gateway: Sendable {
    private struct State {
        var reactors: [ReactorBox] = []
        var threads: [SharedThread] = []
        var addresses: [[SocketAddress]] = []
    }

    /// The shards, for whoever has something to say to them.
    package let shards: [ShardHandle]
    package let listeners: [Listener]
    private let context: GatewayContext
    private let state: Mutex<State>

    /// - Parameters:
    ///   - log: Called on the shards' threads; must not block.
    ///   - loggedLevel: The lowest level that `log` does anything with; asked once a second.
    /// - Throws: what is wrong with a listener's certificates; nothing is bound yet.
    package init(
        settings: GatewaySettings = GatewaySettings(),
        listeners: [ListenerSettings],
        access: AccessControl,
        log: @escaping @Sendable (LogEvent) -> Void,
        loggedLevel: @escaping @Sendable () -> LogEvent.Level = { .debug }
    ) throws {
        let names = listeners.map(\.name)
        if let twice = names.first(where: { name in names.count { $0 == name } > 1 }) {
            throw ListenerError(
                "listener \"\(twice)\": the name is given to two listeners; names must differ"
            )
        }
        guard listeners.count <= Int(UInt16.max) else { throw ListenerError("more than 65,535 listeners") }
        var running: [Listener] = []
        for (index, settings) in listeners.enumerated() {
            running.append(Listener(index: index, try Listener.Configuration(settings, access: access)))
        }
        self.listeners = running
        var reactors: [ReactorBox] = []
        var handles: [ShardHandle] = []
        for index in 0..<max(1, settings.shards) {
            let reactor = try Reactor(settings: settings.reactor)
            handles.append(ShardHandle(index: index, waker: reactor.waker, settings: settings))
            reactors.append(ReactorBox(reactor))
        }
        shards = handles
        context = GatewayContext(
            settings: settings,
            listeners: running,
            shards: handles,
            authentication: AuthenticationPool(
                access: access,
                threads: settings.authenticationThreads,
                limit: settings.authenticationsMaximum
            ),
            log: log,
            loggedLevel: loggedLevel
        )
        state = Mutex(State(reactors: reactors))
    }

    /// Binds the listeners and starts the threads.
    ///
    /// - Parameter buses: One core per shard, in order; from now on only its shard's thread may touch it.
    /// - Throws: which listener cannot be bound and why; nothing runs then.
    package func start(_ buses: [BusShard]) throws {
        precondition(buses.count == shards.count, "one core per shard")
        DescriptorLimit.raise()
        var sockets: [(listener: Listener, socket: ListeningSocket)] = []
        var addresses: [[SocketAddress]] = []
        do {
            for listener in listeners {
                let bound = try ListenerBinding.bind(listener.configuration.settings)
                sockets += bound.map { (listener, $0) }
                addresses.append(bound.map(\.address))
            }
        } catch {
            for (_, socket) in sockets { socket.close() }
            throw error
        }
        try context.authentication.start()
        let reactors = state.withLock { state in
            state.addresses = addresses
            defer { state.reactors = [] }
            return state.reactors
        }
        for (index, (bus, reactor)) in zip(buses, reactors).enumerated() {
            let start = ShardStart(handle: shards[index], context: context, bus: bus, reactor: reactor)
            let mine = index == 0 ? sockets : []
            let thread = try SharedThread(name: "weir-shard-\(index)") { start.run(listeningOn: mine) }
            state.withLock { $0.threads.append(thread) }
        }
    }

    /// The bound addresses of a listener, with the ports that the kernel chose; empty before ``start(_:)``.
    package func addresses(of listener: String) -> [SocketAddress] {
        guard let index = listeners.firstIndex(where: { $0.configuration.settings.name == listener }) else {
            return []
        }
        return state.withLock { $0.addresses.indices.contains(index) ? $0.addresses[index] : [] }
    }

    // MARK: - Reload

    /// Takes new certificates, limits, rules and passwords over; connections stay.
    ///
    /// - Parameter settings: The same listeners, by name, at the same addresses.
    /// - Throws: what is wrong; everything stays as it was then.
    package func reload(listeners settings: [ListenerSettings], bus: BusSettings, access: AccessControl)
        throws
    {
        var fresh: [Listener.Configuration] = []
        for listener in listeners {
            let old = listener.configuration.settings
            guard let new = settings.first(where: { $0.name == old.name }) else {
                throw ListenerError("listener \"\(old.name)\" is no longer configured; to remove it, restart")
            }
            guard new.address == old.address, (new.tls == nil) == (old.tls == nil),
                (new.webSocket == nil) == (old.webSocket == nil), new.mode == old.mode,
                new.backlog == old.backlog
            else {
                throw ListenerError(
                    "listener \"\(old.name)\": address, kind, mode and backlog cannot change while it runs; restart"
                )
            }
            fresh.append(try Listener.Configuration(new, access: access))
        }
        if let added = settings.first(where: { new in
            !listeners.contains { $0.configuration.settings.name == new.name }
        }) {
            throw ListenerError("listener \"\(added.name)\" is new; to add it, restart")
        }
        for (listener, configuration) in zip(listeners, fresh) { listener.replace(configuration) }
        context.authentication.replace(access: access)
        for shard in shards {
            shard.post { $0.reload(bus, access) }
            shard.commands.post(.configurationsChanged)
        }
    }

    // MARK: - Figures

    /// What each shard has counted; empty once the gateway has stopped.
    package func snapshots() async -> [ShardSnapshot] {
        var all: [ShardSnapshot] = []
        for shard in shards {
            let snapshot: ShardSnapshot? = await withCheckedContinuation { continuation in
                if !shard.commands.post(.snapshot { continuation.resume(returning: $0) }) {
                    continuation.resume(returning: nil)
                }
            }
            if let snapshot { all.append(snapshot) }
        }
        return all
    }

    // MARK: - The end

    /// Closes the listeners, sends every client away, and ends the threads.
    ///
    /// Returns when the last client is gone, at the latest after `duration`; afterwards the cores belong to the caller
    /// again. Blocks the calling thread for that long.
    package func drain(within duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let nanoseconds =
            UInt64(max(0, seconds)) * 1_000_000_000 + UInt64(max(0, attoseconds)) / 1_000_000_000
        let deadline = MonotonicClock.now() &+ nanoseconds
        for shard in shards { shard.commands.post(.drain(deadline: deadline)) }
        let threads = state.withLock { state in
            defer { state.threads = [] }
            return state.threads
        }
        for thread in threads { thread.join() }
        context.authentication.stop()
    }
}

/// A reactor on its way to its thread.
private final class ReactorBox: @unchecked Sendable {
    // Sendable: whoever takes the reactor out has it alone; taken once, before the thread's first turn.
    private var reactor: Reactor?

    init(_ reactor: consuming Reactor) {
        self.reactor = consume reactor
    }

    func take() -> Reactor? {
        reactor.take()
    }
}

/// What a shard's thread starts with.
private struct ShardStart: @unchecked Sendable {
    // Sendable: the core is handed to the thread and used by nobody else until the thread has ended.
    let handle: ShardHandle
    let context: GatewayContext
    let bus: BusShard
    let reactor: ReactorBox

    func run(listeningOn sockets: [(listener: Listener, socket: ListeningSocket)]) {
        guard let reactor = reactor.take() else { return }
        var loop = ShardLoop(handle: handle, context: context, bus: bus, reactor: reactor)
        do throws(SystemError) {
            try loop.listen(on: sockets)
        } catch {
            context.log(LogEvent(.error, "listener cannot be watched", [("error", "\(error)")]))
        }
        loop.run()
    }
}
