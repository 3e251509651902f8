import ArgumentParser
import Collector
import Glibc
import MosquittoSink
import Uplink

/// `weir collect`
struct CollectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "collect",
        abstract: "The cloud end of the uplink: take batches in, store each event once.",
        subcommands: [CollectRunCommand.self, CollectStatusCommand.self],
        defaultSubcommand: CollectRunCommand.self
    )
}

/// Which database, for both.
struct CollectDatabaseOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "sqlite:PATH, or postgresql://USER@HOST/NAME with what else libpq takes in a URL.",
            valueName: "url"
        )
    )
    var database = "sqlite:weir-collector.db"
}

/// `weir collect run`
struct CollectRunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a collector.",
        discussion: """
            Subscribes to the batches of all sites at the cloud broker, checks them, and stores events together with \
            how far each lane is stored in one transaction; then it tells the site, which forgets them. A batch that \
            comes twice is stored once. Several collectors of one group share the work; with PostgreSQL they may \
            write into one database.

            The view "events" has one row for each event. Ends with SIGINT or SIGTERM.

            EXAMPLES
              weir collect --broker mqtt://127.0.0.1:1883
              weir collect --broker mqtts://cloud.example --database postgresql://weir@db/telemetry
              sqlite3 weir-collector.db 'SELECT site, lane, sequence, topic, CAST(payload AS TEXT) FROM events LIMIT 5'
            """
    )

    @Option(help: ArgumentHelp("The cloud broker: mqtt://HOST:PORT or mqtts://HOST:PORT.", valueName: "url"))
    var broker = "mqtt://127.0.0.1:1883"

    @OptionGroup var database: CollectDatabaseOptions

    @Option(help: "First levels of the uplink's topics; uplink.prefix of the sites.")
    var prefix = "weir/v1"

    @Option(help: "The group of collectors that share the batches.")
    var group = "collectors"

    @Option(help: ArgumentHelp("The client identifier; its own for each collector.", valueName: "id"))
    var id: String?

    @Option(help: "The user name at the broker.")
    var username: String?

    @Option(help: ArgumentHelp("A file whose first line is the password.", valueName: "file"))
    var passwordFile: String?

    @Option(help: ArgumentHelp("Authorities that may vouch for the broker.", valueName: "file"))
    var cafile: String?

    @Option(help: ArgumentHelp("The client's certificate.", valueName: "file"))
    var cert: String?

    @Option(help: ArgumentHelp("The certificate's key.", valueName: "file"))
    var key: String?

    @Option(
        help: ArgumentHelp(
            "Seconds that a site must be silent before another of its name takes its place.",
            valueName: "seconds"
        )
    )
    var takeoverAfter: UInt32 = 30

    @Flag(
        help: ArgumentHelp(
            "Publish what is stored, each event as a message of its own on PREFIX/event/SITE/TOPIC.",
            discussion: """
                For live consumers, behind the database and in its order; site, lane, epoch and sequence stand in \
                user properties. What was stored before the first start with this flag is not published.
                """
        )
    )
    var republish = false

    func run() throws {
        signal(SIGPIPE, SIG_IGN)
        // Before any thread: threads inherit which signals are blocked.
        let stop = StopSignal.descriptor()
        var connection = ConnectionSettings()
        connection.username = username
        connection.passwordFile = passwordFile
        connection.caFile = cafile
        connection.certificateFile = cert
        connection.keyFile = key
        let service: CollectorService
        let republisher: Republisher?
        do {
            let name = id ?? "weir-collector-\(getpid())-\(UInt16.random(in: 0...UInt16.max))"
            let options = try MosquittoOptions(url: broker, settings: connection, clientID: name)
            var settings = CollectorService.Settings(broker: options)
            settings.prefix = prefix
            settings.group = group
            settings.intake.takeoverAfter = .seconds(takeoverAfter)
            var observer = CollectorService.Observer()
            let place = broker
            observer.onReady = { Failure.tell("collecting from \(place)") }
            observer.onTrouble = { Failure.tell($0) }
            nonisolated(unsafe) let store = try CollectorDatabases.open(database.database)
            republisher = try republish ? makeRepublisher(options, name) : nil
            try republisher?.start()
            let stored = republisher
            observer.onStored = { stored?.wake() }
            service = try CollectorService(settings, database: store, observer: observer)
            try service.start()
        } catch let error as MosquittoError {
            Failure.tell("\(error)")
            throw Failure.configuration
        } catch {
            Failure.tell("\(error)")
            throw Failure.unavailable
        }
        var wanted = pollfd(fd: stop ?? -1, events: Int16(POLLIN), revents: 0)
        while poll(&wanted, 1, -1) < 0, errno == EINTR {}
        service.stop()
        republisher?.stop()
        let counters = service.counters
        let published = republisher.map { "; published \($0.published)" } ?? ""
        print(
            "stored \(counters.events) events of \(counters.batches) batches; "
                + "repeats dropped \(counters.repeatedEvents)\(published)"
        )
    }

    private func makeRepublisher(_ options: MosquittoOptions, _ name: String) throws -> Republisher {
        var options = options
        options.clientID = name + "-live"
        var settings = Republisher.Settings(broker: options, owner: name)
        settings.prefix = prefix
        nonisolated(unsafe) let database = try CollectorDatabases.open(database.database)
        return try Republisher(settings, database: database) { Failure.tell($0) }
    }
}

/// `weir collect status`
struct CollectStatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show sites and lanes of a collector's database: how far, how late, what is missing."
    )

    @OptionGroup var database: CollectDatabaseOptions

    func run() throws {
        let sites: [SiteStatus]
        do {
            sites = try CollectorDatabases.status(database.database)
        } catch {
            Failure.tell("\(error)")
            throw Failure.unavailable
        }
        if sites.isEmpty { print("no site has been heard of") }
        let now = Int64(time(nil)) * 1_000
        for status in sites {
            let site = status.site
            print(
                "\(site.name)  instance \(site.instance)  seen \(Self.ago(site.seenAt, now))  weir \(site.version)"
            )
            if let rival = site.rival {
                print(
                    "  another site of this name, instance \(rival), was refused \(Self.ago(site.rivalSeenAt, now))"
                )
            }
            var table = TextTable([
                "lane", "epoch", "events", "watermark", "missing", "dropped", "thinned", "repeats", "backlog",
                "committed", "bytes/event",
            ])
            for lane in status.lanes {
                table.add([
                    lane.name, String(lane.epoch, radix: 16), "\(lane.events)", "\(lane.coverage.watermark)",
                    "\(lane.coverage.missing)", "\(lane.dropped)", "\(lane.thinned)", "\(lane.repeats)",
                    "\(lane.backlogEvents)", Self.ago(lane.committedAt, now),
                    lane.events == 0
                        ? "-"
                        : "\((lane.wireBytes * 10 / lane.events) / 10).\((lane.wireBytes * 10 / lane.events) % 10)",
                ])
            }
            print(table.text)
        }
    }

    private static func ago(_ milliseconds: Int64, _ now: Int64) -> String {
        guard milliseconds > 0 else { return "never" }
        let seconds = max(0, (now - milliseconds) / 1_000)
        if seconds < 120 { return "\(seconds) s ago" }
        if seconds < 7_200 { return "\(seconds / 60) min ago" }
        return "\(seconds / 3_600) h ago"
    }
}
