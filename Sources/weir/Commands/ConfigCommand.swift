import ArgumentParser
import Settings

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Tell about the settings file.",
        subcommands: [Sample.self, Keys.self]
    )

    struct Sample: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print a settings file with every key, explained, at its default.",
            discussion: "EXAMPLE\n  weir config sample > weir.yaml"
        )

        func run() {
            print(WeirSettings.sample, terminator: "")
        }
    }

    struct Keys: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the keys: name, default, what it accepts, and whether a reload takes it up.",
            discussion: """
                EXAMPLES
                  weir config keys mqtt
                  weir config keys --env
                """
        )

        @Argument(help: "Only keys whose name contains this.")
        var filter: String?

        @Flag(help: "List the environment variables in the place of the keys.")
        var env = false

        func run() {
            if env {
                for (variable, key) in WeirSettings.schema.environmentVariables(WeirSettings())
                where matches(key) {
                    print("\(variable)    \(key)")
                }
                return
            }
            let fields = WeirSettings.schema.fields(of: WeirSettings())
            for flat in Field.flatten(fields, templates: true) where matches(flat.name) {
                print(flat.name)
                print("    \(flat.summary)")
                let reload = flat.value.reload == .live ? ", reloadable" : ""
                print("    \(flat.value.expectation)\(reload); default: \(flat.value.text ?? "not set")")
            }
        }

        private func matches(_ key: String) -> Bool {
            filter.map { key.lowercased().contains($0.lowercased()) } ?? true
        }
    }
}
