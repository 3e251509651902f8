import ArgumentParser
import Demo
import FoundationEssentials
import Glibc

/// `weir demo`
struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract:
            "A site at work on this machine: devices, an edge application, an uplink that fails, a cloud.",
        discussion: """
            Runs the same programs as a real site, each as a process of its own: this server with the Monaco \
            scenario, its terminals as MQTT devices, an edge application on gRPC that follows cell changes, and a \
            cloud of a broker and a collector. The link between site and cloud comes and goes. The summary counts \
            what the devices sent, what the site acknowledged, and what is in the cloud's database.

            The server is where "weir serve" would be, and takes the same options. Ctrl-C ends it: the link is \
            restored, what waits is delivered, and the last line is the balance. Exit status 1: something was lost \
            or came twice.

            EXAMPLES
              weir demo
              weir demo --seconds 60 --up 10 --down 5
              weir demo --listen tcp://0.0.0.0:1883 --device './my-device -p 1883'
            """
    )

    @Option(help: "End after so many seconds; not given, with Ctrl-C.")
    var seconds: Double?

    @Option(help: "Seconds that the link to the cloud holds.")
    var up = 20.0

    @Option(help: "Seconds that it is away after that, cut and silent in turns; 0 for never.")
    var down = 10.0

    @Option(help: "Seconds between lines of the summary.")
    var every = 5.0

    @Option(help: "Seconds that the end may take until all is delivered.")
    var patience = 60.0

    @Option(
        help: ArgumentHelp(
            "A device to run beside the terminals, such as the example in C.",
            discussion: """
                May be given several times. The shell runs it and knows WEIR_PORT, the port of MQTT; WEIR_DEVICE, \
                the client identifier to use; and WEIR_DIRECTORY, a directory for its queue. It publishes \
                weir.telemetry.v1.Telemetry under telemetry/, and says now and then "queued N, acknowledged N".
                """,
            valueName: "command"
        )
    )
    var device: [String] = []

    @Option(
        help: ArgumentHelp(
            "The edge application, in the place of \"weir rpc sub\"; WEIR_RPC tells it where gRPC is.",
            valueName: "command"
        )
    )
    var app: String?

    @OptionGroup(title: "The site's server") var options: SettingsOptions

    func validate() throws {
        guard up >= 1, down >= 0 else {
            throw ValidationError("--up takes at least 1 and --down at least 0, found \(up) and \(down)")
        }
        guard every > 0 else { throw ValidationError("--every takes more than 0, found \(every)") }
    }

    func run() throws {
        signal(SIGPIPE, SIG_IGN)
        // Before any thread: threads inherit which signals are blocked.
        let stop = StopSignal.descriptor()
        let isKept: Bool
        do {
            let site = try DemoSite(self)
            isKept = try site.run(until: stop)
        } catch {
            Failure.tell("\(error)")
            throw Failure.unavailable
        }
        if !isKept { throw ExitCode.failure }
    }
}
