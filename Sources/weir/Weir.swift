import ArgumentParser

@main
struct Weir: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The event bus of an edge site.",
        discussion: """
            Devices, the site's services and edge applications meet over MQTT 3.1, 3.1.1 and 5.0. What Weir \
            acknowledges is on disk.

            EXAMPLES
              weir serve                                   MQTT on 127.0.0.1:1883, data in ./weir-data
              weir serve --listen tcp://0.0.0.0:1883 --set access.passwordFile=passwords
              weir passwd passwords alice                  asks for the password
              weir import /etc/mosquitto/mosquitto.conf > weir.yaml
              weir check --config weir.yaml

            "weir help COMMAND" tells all about one command. Completions for a shell: \
            weir --generate-completion-script bash|zsh|fish.
            """,
        version: Version.text,
        subcommands: [
            ServeCommand.self, CheckCommand.self, ReloadCommand.self, ConfigCommand.self, ImportCommand.self,
            PasswdCommand.self, JournalCommand.self, PubCommand.self, SubCommand.self, UplinkCommand.self,
            CollectCommand.self, RPCCommand.self, BenchCommand.self, TopCommand.self, VersionCommand.self,
            TopicsCommand.self, DemoCommand.self,
        ]
    )
}
