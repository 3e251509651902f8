import ArgumentParser
import LoadGenerator

/// `weir bench`: loads a broker and tells what a message costs it.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Load an MQTT broker and tell what each message costs it.",
        discussion: """
            Works against any broker. With --pid, on the broker's own machine, the broker's CPU time per message \
            and its resident memory are read from /proc. Order, loss and repetition are checked on every message; \
            a run with any of them ends with exit code 2.

            EXAMPLES
              weir bench fan-in --port 1883 --pid $(pidof mosquitto)
              weir bench pairs --qos 1 --seconds 10 --json pairs.json
              weir bench paced --rate 5000
              weir bench idle --connections 10000 --pid $(pidof weir)
            """,
        subcommands: [
            BenchFanIn.self, BenchFanOut.self, BenchPairs.self, BenchPaced.self, BenchSubscriptions.self,
            BenchRetained.self, BenchOffline.self, BenchConnects.self, BenchIdle.self, BenchUplink.self,
            BenchRPC.self, BenchREST.self, BenchMEC.self,
        ]
    )
}
