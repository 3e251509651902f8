import ClientKit
import FoundationEssentials
import MQTTWire
package import Reactor
import Synchronization

/// The terminals of the scenario as devices: each an MQTT client of its own that publishes, once a second and with
/// QoS 1, where it is and how it hears its cell.
package final class TerminalFleet: Sendable {
    package struct Counters: Sendable {
        package var terminals = 0
        package var sent: UInt64 = 0
        package var acknowledged: UInt64 = 0
    }

    /// What a terminal publishes.
    package struct Telemetry: Codable, Sendable {
        /// Which run of the demo it belongs to.
        package var run: String
        package var device: String
        /// 1, 2, 3… of the device's messages.
        package var number: UInt64
        /// Milliseconds since 1970.
        package var time: UInt64
        /// Degrees, WGS 84.
        package var latitude: Double?
        package var longitude: Double?
        /// Metres per second.
        package var speed: Float?
        package var cell: String?
        /// dBm.
        package var rsrp: Double?
    }

    private let port: UInt16
    private let run: String
    private let radio: TerminalRadio
    private let isStopping = Atomic(false)
    private let counts = Mutex(Counters())
    private let tally: SharedTally
    private let thread = Mutex<ReactorThread?>(nil)

    /// - Parameters:
    ///   - port: the site's MQTT listener on 127.0.0.1.
    ///   - run: tells the messages of this run from those of others.
    ///   - tally: hears of every acknowledgement.
    package init(port: UInt16, run: String, radio: TerminalRadio, tally: SharedTally) {
        self.port = port
        self.run = run
        self.radio = radio
        self.tally = tally
    }

    package var counters: Counters { counts.withLock { $0 } }

    package func start() throws(SystemError) {
        try thread.withLock { thread throws(SystemError) in
            thread = try ReactorThread(name: "terminals") { self.work() }
        }
    }

    /// Returns when every message was acknowledged or given up.
    package func stop() {
        isStopping.store(true, ordering: .relaxed)
        let running = thread.withLock { thread in thread.take() }
        if let running { running.join() }
    }

    // MARK: - The thread

    private struct Terminal {
        var client: MQTTClient?
        var number: UInt64 = 0
        var packetID: UInt16 = 0
    }

    private func work() {
        var terminals: [String: Terminal] = [:]
        var next = ContinuousClock.now
        let encoder = JSONEncoder()
        while !isStopping.load(ordering: .relaxed) {
            let readings = radio.all
            counts.withLock { $0.terminals = readings.count }
            for reading in readings {
                var terminal = terminals[reading.name] ?? Terminal()
                publish(reading, &terminal, encoder)
                terminals[reading.name] = terminal
            }
            for name in terminals.keys { settle(name, &terminals[name, default: Terminal()]) }
            next += .seconds(1)
            let left = ContinuousClock.now.duration(to: next)
            if left > .zero {
                MonotonicClock.sleep(nanoseconds: UInt64(left / .nanoseconds(1)))
            } else {
                next = .now
            }
        }
        for terminal in terminals.values { try? terminal.client?.disconnect() }
    }

    private func publish(_ reading: TerminalRadio.Reading, _ terminal: inout Terminal, _ encoder: JSONEncoder)
    {
        do {
            let client = try terminal.client ?? connect(reading.name)
            terminal.client = client
            terminal.number += 1
            let telemetry = Telemetry(
                run: run,
                device: reading.name,
                number: terminal.number,
                time: MonotonicClock.wall() / 1_000_000,
                latitude: reading.position?.point.latitude,
                longitude: reading.position?.point.longitude,
                speed: reading.position?.speed,
                cell: reading.cell?.description,
                rsrp: reading.level.rsrp
            )
            var message = Publish(
                topic: "devices/\(reading.name)/telemetry",
                payload: [UInt8](try encoder.encode(telemetry)),
                qos: .atLeastOnce
            )
            message.properties.contentType = "application/json"
            terminal.packetID = try client.publish(message)
            counts.withLock { $0.sent += 1 }
        } catch {
            giveUp(reading.name, &terminal)
        }
    }

    private func connect(_ name: String) throws -> MQTTClient {
        let client = MQTTClient(
            ClientConfiguration(
                endpoint: .tcp(host: "127.0.0.1", port: port),
                version: .v5,
                clientID: "terminal-\(name)"
            )
        )
        try client.connect()
        return client
    }

    /// Awaits the acknowledgement of what was sent last.
    private func settle(_ name: String, _ terminal: inout Terminal) {
        guard let client = terminal.client, terminal.packetID != 0 else { return }
        do {
            let deadline = ContinuousClock.now + .seconds(10)
            while terminal.packetID != 0 {
                guard let event = try client.next(until: deadline) else {
                    throw ClientError(.timeout, "no acknowledgement")
                }
                guard case .completed(terminal.packetID, let reason) = event else { continue }
                terminal.packetID = 0
                let (number, isKept) = (terminal.number, !reason.isFailure)
                tally.with { tally in
                    if isKept { tally.acknowledged(name, number) } else { tally.doubted(name, number) }
                }
                if isKept { counts.withLock { $0.acknowledged += 1 } }
            }
        } catch {
            giveUp(name, &terminal)
        }
    }

    /// What is not acknowledged was promised by nobody; it is not sent again, so that the count stays exact.
    private func giveUp(_ name: String, _ terminal: inout Terminal) {
        let number = terminal.number
        if number > 0 { tally.with { $0.doubted(name, number) } }
        terminal.client?.close()
        terminal.client = nil
        terminal.packetID = 0
    }
}
