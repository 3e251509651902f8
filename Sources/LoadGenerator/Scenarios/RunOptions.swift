/// What all scenarios share.
package struct RunOptions: Sendable {
    package var target: BrokerTarget
    package var qos: UInt8 = 0
    /// Messages that are published and not settled yet, over all publishers.
    package var window = 1000
    /// Payload bytes, at least ``Stamp/size``.
    package var payloadCount = 64
    /// The measured part ends after so many seconds of publishing...
    package var seconds = 3.0
    /// ... or after so many messages, whichever comes first.
    package var messages: UInt64 = .max
    /// Published before the measured part, so that caches, heaps and socket buffers have their size.
    package var warmUpSeconds = 0.5
    /// How long nothing may move before the run counts what is missing as lost.
    package var stallSeconds = 10.0
    package var showsProgress = false
    /// Threads of the generator, each with connections of its own; only some scenarios know how to share.
    package var threads = 1

    package init(target: BrokerTarget) { self.target = target }

    /// Client identifiers and topics of one run begin with it, so that runs do not meet.
    ///
    /// At most 23 characters with a number behind, which every 3.1 broker takes.
    let run = "wb\(String(Clock.now() % 2_176_782_336, radix: 36))"

    func connect(_ number: Int) -> ControlPackets.Connect {
        ControlPackets.Connect(version: target.version, clientID: "\(run)-\(number)")
    }

    func engine(clients: Int, scenario: String) throws -> Engine {
        try Engine(
            target: target,
            clients: clients,
            progress: Progress(isShown: showsProgress, prefix: scenario)
        )
    }

    func probe() throws -> BrokerProbe? { try target.pid.map { try BrokerProbe(pid: $0) } }

    func checked() throws -> RunOptions {
        guard qos <= 2 else { throw LoadError("--qos is 0, 1 or 2, not \(qos)") }
        guard payloadCount >= Stamp.size, payloadCount <= Engine.bufferBytes / 2 else {
            throw LoadError(
                "--payload is \(payloadCount) bytes; \(Stamp.size) to \(Engine.bufferBytes / 2) can be used"
            )
        }
        guard window > 0 else { throw LoadError("--window is at least 1") }
        guard threads > 0, threads <= 64 else { throw LoadError("--threads is 1 to 64, not \(threads)") }
        return self
    }
}
