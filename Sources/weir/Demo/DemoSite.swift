import Demo
import Foundation
import Glibc
import MECModel
import RadioFeed
import Reactor

/// The site, its cloud and what connects them, as `weir demo` runs them.
final class DemoSite {
    struct Trouble: Error, CustomStringConvertible {
        var description: String
    }

    /// Where a server of ours says it listens.
    private struct Ports: Decodable {
        struct Listener: Decodable {
            var url: String
        }

        var listeners: [Listener]
        var http: String?
        var rpc: String?

        /// The first TCP listener's port.
        var mqtt: UInt16? {
            listeners.first { $0.url.hasPrefix("tcp://") }.flatMap {
                UInt16($0.url.split(separator: ":").last ?? "")
            }
        }
    }

    private let command: DemoCommand
    private let directory: String
    private let program: String
    private let schedule: OutageSchedule
    private let tally = SharedTally()
    private let fleet: TerminalFleet
    private let backhaul: Backhaul
    private let arrivals: ArrivalReader
    private let radio: Task<Void, Never>
    /// In the order in which they were started.
    private var children: [ChildProcess] = []
    private var devices: [DeviceProgram] = []
    private let appOutput: String
    /// How far that was read, and the lines in it.
    private var appEvents = (offset: UInt64(0), lines: 0)

    /// Starts everything and waits until it is ready.
    ///
    /// - Throws: which program did not start, and what it said.
    init(_ command: DemoCommand) throws {
        self.command = command
        let data = command.options.data ?? "weir-data"
        let directory = data + "/demo"
        self.directory = directory
        schedule = OutageSchedule(up: .seconds(command.up), down: .seconds(command.down))
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let run = String(MonotonicClock.wall() / 1_000_000, radix: 36)
        appOutput = directory + "/app.out"

        let cloud = try Self.serve(
            "cloud",
            [program, "serve", "--data", directory + "/cloud", "--listen", "tcp://127.0.0.1:0"]
                + ["services", "rpc", "http"].flatMap { ["--set", "\($0).enabled=false"] },
            directory,
            &children
        )
        guard let cloudPort = cloud.mqtt else { throw Trouble(description: "the cloud has no TCP listener") }
        let database = "sqlite:\(directory)/cloud.db"
        children.append(
            try ChildProcess(
                "collector",
                [program, "collect", "--broker", "mqtt://127.0.0.1:\(cloudPort)", "--database", database],
                log: directory + "/collector.log"
            )
        )
        backhaul = try Backhaul(to: cloudPort)
        try backhaul.start()
        let site = try Self.serve(
            "site",
            [program, "serve"] + Self.siteOptions(command.options, data, backhaul.port),
            directory,
            &children
        )
        guard let port = site.mqtt else {
            throw Trouble(
                description:
                    "the site has no TCP listener; the devices need one, such as --listen tcp://127.0.0.1:1883"
            )
        }
        let app =
            command.app.map { ["sh", "-c", "exec \($0)"] }
            ?? [program, "rpc", "sub", "--json", "--target", site.rpc ?? "", "mec/v1/json/rni/cell_change/#"]
        if let rpc = site.rpc {
            children.append(
                try ChildProcess(
                    "app",
                    ["env", "WEIR_RPC=\(rpc)"] + app,
                    log: directory + "/app.log",
                    output: appOutput
                )
            )
        }
        for (number, device) in command.device.enumerated() {
            let program = try DeviceProgram(
                device,
                number: number + 1,
                run: run,
                port: port,
                directory: directory,
                tally: tally
            )
            devices.append(program)
            children.append(program.process)
        }

        let inventory = RadioInventory(limits: RadioInventory.Limits())
        let terminals = TerminalRadio(inventory: inventory)
        var settings = RadioFeedSettings()
        settings.ran = nil
        let feed = try RadioFeed(settings, inventory: inventory, sink: terminals) { _ in }
        radio = Task.detached { await feed.run() }
        fleet = TerminalFleet(port: port, run: run, radio: terminals, tally: tally)
        arrivals = ArrivalReader(url: database, run: run, tally: tally)
        try fleet.start()
        tell(site, port, app)
    }

    private static func siteOptions(_ options: SettingsOptions, _ data: String, _ uplink: UInt16) -> [String]
    {
        var words = ["--data", data]
        if let config = options.config { words += ["--config", config] }
        for url in options.listen { words += ["--listen", url] }
        if let level = options.logLevel { words += ["--log-level", level] }
        if let format = options.logFormat { words += ["--log-format", format] }
        let settings =
            options.set + [
                "uplink.url=mqtt://127.0.0.1:\(uplink)",
                "uplink.site=demo",
                // Outages here last seconds, not hours.
                "uplink.heartbeat=1s", "uplink.offlineAfter=4s", "uplink.backoffShortest=200ms",
                "uplink.backoffLongest=2s",
                "uplink.lanes={devices: {filters: [\"devices/#\", \"telemetry/#\"]}}",
            ]
        return words + settings.flatMap { ["--set", $0] }
    }

    /// Starts a server and waits until it says where it listens.
    private static func serve(
        _ name: String,
        _ words: [String],
        _ directory: String,
        _ children: inout [ChildProcess]
    ) throws -> Ports {
        let file = "\(directory)/\(name).json"
        unlink(file)
        let child = try ChildProcess(name, words + ["--ports-file", file], log: "\(directory)/\(name).log")
        children.append(child)
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            if let text = FileManager.default.contents(atPath: file),
                let ports = try? JSONDecoder().decode(Ports.self, from: text)
            {
                return ports
            }
            guard child.isRunning else { break }
            MonotonicClock.sleep(nanoseconds: 20_000_000)
        }
        throw Trouble(
            description: "\(name) did not start; its last words in \(child.log):\n\(child.lastWords())"
        )
    }

    private func tell(_ site: Ports, _ port: UInt16, _ app: [String]) {
        let places =
            site.listeners.map(\.url) + [site.http, site.rpc.map { "grpc://\($0)" }].compactMap { $0 }
        print(
            """
            site      \(places.joined(separator: "  "))
            devices   the terminals of the Monaco scenario, one message a second each\
            \(command.device.isEmpty ? "" : ", and \(command.device.count) more (--device)")
            edge app  \(command.app ?? "weir rpc sub 'mec/v1/json/rni/cell_change/#'")
            backhaul  127.0.0.1:\(backhaul.port): \(command.down > 0 ? "up \(command.up) s, away \(command.down) s, in turns" : "always up")
            cloud     a broker and a collector into \(directory)/cloud.db
            logs      \(directory)/*.log

            """
        )
    }

    // MARK: - The summary

    /// Runs until the signal or the end that was asked for, then delivers what waits.
    ///
    /// - Returns: whether everything that was acknowledged is in the cloud, once.
    func run(until stop: Int32?) throws -> Bool {
        let start = ContinuousClock.now
        let end = command.seconds.map { start + .seconds($0) }
        var line = start
        var heading = 0
        while true {
            let elapsed = start.duration(to: .now)
            let link = schedule.at(elapsed)
            backhaul.set(link.link)
            try checkChildren()
            if ContinuousClock.now >= line {
                line += .seconds(command.every)
                if heading % 20 == 0 { printHeading() }
                heading += 1
                try arrivals.catchUp()
                printLine(elapsed, link)
            }
            var wake = min(line, end ?? line)
            if command.down > 0 { wake = min(wake, .now + link.left) }
            if StopSignal.wait(stop, until: wake) { break }
            if let end, ContinuousClock.now >= end { break }
        }
        return try finish(schedule.at(start.duration(to: .now)).outages)
    }

    private func checkChildren() throws {
        for child in children where !child.isRunning {
            throw Trouble(
                description: "\(child.name) ended; its last words in \(child.log):\n\(child.lastWords())"
            )
        }
    }

    private static let columns = [
        ("time", 6), ("backhaul", 14), ("sent", 10), ("stored", 10), ("synced", 10), ("waiting", 9),
        ("lost", 6),
        ("duplicated", 12), ("app events", 12),
    ]

    private func printHeading() {
        show(Self.columns.map(\.0))
    }

    private func printLine(
        _ elapsed: Duration,
        _ link: (link: OutageSchedule.Link, left: Duration, outages: Int)
    ) {
        let seconds = Int(elapsed.components.seconds)
        let left = Int((link.left / .seconds(1)).rounded(.up))
        let (sent, stored) = counts
        let tally = tally.now
        let waiting = stored > tally.arrived ? stored - tally.arrived : 0
        show([
            "\(seconds / 60):\(seconds % 60 < 10 ? "0" : "")\(seconds % 60)",
            link.link == .up ? "up" : "\(link.link), \(left) s", "\(sent)", "\(stored)", "\(tally.arrived)",
            "\(waiting)", "\(tally.lostSoFar)", "\(tally.duplicated)", "\(countAppEvents())",
        ])
    }

    private func show(_ words: [String]) {
        let line = zip(words, Self.columns).map { word, column in
            String(repeating: " ", count: max(1, column.1 - word.count)) + word
        }
        print(line.joined())
        fflush(nil)
    }

    /// What all devices sent, and what was acknowledged to them.
    private var counts: (sent: UInt64, stored: UInt64) {
        var counts = (sent: fleet.counters.sent, stored: fleet.counters.acknowledged)
        for device in devices {
            device.update()
            counts.sent += device.queued
            counts.stored += device.acknowledged
        }
        return counts
    }

    /// Counts the lines that the edge application has written since the last time.
    private func countAppEvents() -> Int {
        guard let file = FileHandle(forReadingAtPath: appOutput) else { return appEvents.lines }
        defer { try? file.close() }
        try? file.seek(toOffset: appEvents.offset)
        while let bytes = try? file.read(upToCount: 1 << 20), !bytes.isEmpty {
            appEvents.offset += UInt64(bytes.count)
            appEvents.lines += bytes.count { $0 == UInt8(ascii: "\n") }
        }
        return appEvents.lines
    }

    /// Stops the devices, restores the link, waits until all is in the cloud, and strikes the balance.
    private func finish(_ outages: Int) throws -> Bool {
        print("stopping the devices, and delivering what waits")
        fleet.stop()
        for device in devices { device.process.stop(patience: .seconds(5)) }
        let (sent, stored) = counts
        backhaul.set(.up)
        let deadline = ContinuousClock.now + .seconds(command.patience)
        while true {
            try arrivals.catchUp()
            if tally.now.missing == 0 || ContinuousClock.now >= deadline { break }
            MonotonicClock.sleep(nanoseconds: 200_000_000)
        }
        let tally = tally.now
        print(
            """

            sent \(sent), stored \(stored), synced \(tally.arrived), lost \(tally.missing), \
            duplicated \(tally.duplicated), out of order \(tally.outOfOrder); \
            outages \(outages), events at the edge application \(countAppEvents())
            """
        )
        radio.cancel()
        // The application before its server, the site before its cloud.
        for child in children.reversed() { child.stop(patience: .seconds(10)) }
        backhaul.stop()
        return tally.missing == 0 && tally.duplicated == 0 && tally.outOfOrder == 0
    }
}
