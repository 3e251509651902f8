package import Journal
package import MQTTWire
import Synchronization

/// The durable streams of a site: those that the settings name, and those made at run time. Safe from any
/// thread.
package final class StreamCatalogue: Sendable {
    private struct State {
        var streams: [DurableStream] = []
        var list = StreamList()
        var nextNumber: UInt32 = 1
    }

    private let directory: String
    private let environment: StreamEnvironment
    /// Taken by shards when they resolve a topic: never held across a call of the disk.
    private let state: Mutex<State>
    /// One change of the set at a time.
    private let changing = Mutex(())
    private let onChange = Mutex<@Sendable () async -> Void>({})

    private init(directory: String, environment: StreamEnvironment) {
        self.directory = directory
        self.environment = environment
        state = Mutex(State())
    }

    /// What opening found: one report for each stream that was there.
    package typealias Report = [(name: String, report: RecoveryReport)]

    /// Opens the streams in `directory`, and makes those that `configured` names and are not there yet.
    ///
    /// A stream that the settings named once and no longer do stays readable and takes nothing more; one made
    /// at run time goes on as it was.
    ///
    /// - Throws: ``StreamError`` with the stream's name; nothing is open then.
    package static func open(
        _ configured: [StreamConfiguration],
        directory: String,
        environment: StreamEnvironment
    ) throws(StreamError) -> (catalogue: StreamCatalogue, report: Report) {
        let catalogue = StreamCatalogue(directory: directory, environment: environment)
        for wanted in configured { _ = try wanted.checked() }
        var list = try StreamList.read(in: directory, on: environment.disk)
        for index in list.descriptors.indices {
            let name = list.descriptors[index].configuration.name
            if let wanted = configured.first(where: { $0.name == name }) {
                list.descriptors[index].configuration = wanted
                list.descriptors[index].isConfigured = true
            } else if list.descriptors[index].isConfigured {
                list.descriptors[index].configuration.filters = []
            }
        }
        var next = (list.descriptors.map(\.number).max() ?? 0) + 1
        for wanted in configured
        where !list.descriptors.contains(where: { $0.configuration.name == wanted.name }) {
            list.descriptors.append(
                StreamDescriptor(number: next, isConfigured: true, configuration: wanted)
            )
            next += 1
        }
        if !list.descriptors.isEmpty { try list.write(in: directory, on: environment.disk) }
        var report: Report = []
        var streams: [DurableStream] = []
        do throws(StreamError) {
            for descriptor in list.descriptors {
                let opened = try catalogue.open(descriptor)
                streams.append(opened.stream)
                report.append((descriptor.configuration.name, opened.report))
            }
        } catch {
            for stream in streams { stream.close() }
            throw error
        }
        let result = State(streams: streams, list: list, nextNumber: next)
        catalogue.state.withLock { $0 = result }
        return (catalogue, report)
    }

    private func open(
        _ descriptor: StreamDescriptor
    ) throws(StreamError) -> (stream: DurableStream, report: RecoveryReport) {
        try DurableStream.open(
            number: descriptor.number,
            configuration: descriptor.configuration,
            isConfigured: descriptor.isConfigured,
            directory: "\(directory)/\(descriptor.configuration.name)",
            environment: environment
        )
    }

    /// Who is told, and awaited, when streams come or go: every shard's ``BusShard/streamsChanged()``.
    package func onChange(_ body: @escaping @Sendable () async -> Void) { onChange.withLock { $0 = body } }

    /// In the order of their numbers.
    package var streams: [DurableStream] { state.withLock { $0.streams } }

    package func stream(named name: String) -> DurableStream? {
        streams.first { $0.configuration.name == name }
    }

    package func stream(number: UInt32) -> DurableStream? { streams.first { $0.number == number } }

    /// Whether a stream keeps what is published on `topic`.
    package func keeps(_ topic: UnsafeRawBufferPointer) -> Bool {
        streams.contains { stream in stream.filters.contains { $0.matches(topic) } }
    }

    /// A stream that keeps whatever one of `filters` could match; the smallest number where several do.
    package func stream(covering filters: [TopicFilter]) -> DurableStream? {
        streams.first { stream in
            filters.allSatisfy { filter in stream.filters.contains { $0.covers(filter) } }
        }
    }

    /// Makes a stream that survives restarts. Messages published after this has returned are in it.
    ///
    /// - Returns: the stream of that name if it exists with the same settings.
    /// - Throws: ``StreamError/exists(name:)``, ``StreamError/invalid(_:)``, ``StreamError/journal(_:)``.
    package func create(_ configuration: StreamConfiguration) async throws(StreamError) -> DurableStream {
        _ = try configuration.checked()
        let made = try changing.withLock { _ throws(StreamError) -> DurableStream? in
            let now = state.withLock { $0 }
            if let known = now.streams.first(where: { $0.configuration.name == configuration.name }) {
                guard known.configuration == configuration else { throw .exists(name: configuration.name) }
                return nil
            }
            let descriptor = StreamDescriptor(
                number: now.nextNumber,
                isConfigured: false,
                configuration: configuration
            )
            var list = now.list
            list.descriptors.append(descriptor)
            try list.write(in: directory, on: environment.disk)
            let stream = try open(descriptor).stream
            let result = State(streams: now.streams + [stream], list: list, nextNumber: now.nextNumber + 1)
            state.withLock { $0 = result }
            return stream
        }
        if made != nil { await onChange.withLock { $0 }() }
        guard let stream = stream(named: configuration.name) else { throw .unknown(name: configuration.name) }
        return stream
    }

    /// Removes a stream that was made at run time, with all it holds.
    ///
    /// - Throws: ``StreamError/unknown(name:)``, or ``StreamError/invalid(_:)`` for one that the settings name.
    package func remove(named name: String) async throws(StreamError) {
        let stream = try changing.withLock { _ throws(StreamError) -> DurableStream in
            var now = state.withLock { $0 }
            guard let index = now.streams.firstIndex(where: { $0.configuration.name == name }) else {
                throw .unknown(name: name)
            }
            guard !now.streams[index].isConfigured else {
                throw .invalid("stream \"\(name)\" is named in the settings; take it out there")
            }
            now.list.descriptors.removeAll { $0.configuration.name == name }
            try now.list.write(in: directory, on: environment.disk)
            let removed = now.streams.remove(at: index)
            let result = now
            state.withLock { $0 = result }
            return removed
        }
        await onChange.withLock { $0 }()
        stream.close()
        let path = "\(directory)/\(name)"
        do throws(DiskError) {
            for entry in try environment.disk.list(path) {
                try environment.disk.remove("\(path)/\(entry.name)")
            }
        } catch {
            throw .journal("stream \"\(name)\" is removed, but its files are not: \(error)")
        }
    }

    /// Commits what is left and closes all logs.
    package func close() {
        for stream in streams { stream.close() }
    }
}

extension TopicFilter {
    /// Whether everything that `other` can match, this filter matches too.
    package func covers(_ other: TopicFilter) -> Bool {
        let mine = filter.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let theirs = other.filter.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let (hash, plus) = ([UInt8(ascii: "#")], [UInt8(ascii: "+")])
        for (index, level) in mine.enumerated() {
            if index == 0, level.elementsEqual(hash) || level.elementsEqual(plus),
                theirs.first?.first == UInt8(ascii: "$")
            {
                return false
            }
            if level.elementsEqual(hash) { return true }
            guard index < theirs.count else { return false }
            if theirs[index].elementsEqual(hash) { return false }
            guard level.elementsEqual(plus) || level.elementsEqual(theirs[index]) else { return false }
        }
        return mine.count == theirs.count
    }
}
