import ArgumentParser
import Dispatch
import Supervision
import Synchronization

struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the bus.",
        discussion: """
            Without options: MQTT on 127.0.0.1:1883, health and metrics on 127.0.0.1:8080, everything kept in \
            ./weir-data. Nobody needs a password on loopback; beyond it, nobody gets in without one unless the \
            settings say so.

            SIGTERM or SIGINT: no new connections, sessions saved, clients told, out. A second one: out at once.
            SIGHUP or "weir reload": rules, passwords, certificates and limits are read anew.

            EXAMPLES
              weir serve
              weir serve --listen tcp://0.0.0.0:1883 --set access.passwordFile=passwords
              weir serve --listen tcp://127.0.0.1:1883 --listen ws://127.0.0.1:8083 --data /var/lib/weir
              weir serve --config /etc/weir/weir.yaml --log-format json
            """
    )

    @OptionGroup var options: SettingsOptions

    @Option(
        help: ArgumentHelp(
            "Once ready, write the process number and the real addresses to this file, as JSON.",
            valueName: "file"
        ),
        completion: .file()
    )
    var portsFile: String?

    func run() throws {
        // First of all: threads inherit which signals are blocked.
        let signals = Signals()
        let environment = Environment.current
        let outcome = Mutex<ExitCode?>(nil)
        let done = DispatchSemaphore(value: 0)
        Task.detached {
            let code = await Server.run(
                options,
                environment: environment,
                portsFile: portsFile,
                signals: signals
            )
            outcome.withLock { $0 = code }
            done.signal()
        }
        done.wait()
        if let code = outcome.withLock({ $0 }), code != .success { throw code }
    }
}
