import ArgumentParser

@main
struct Weir: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The event bus of an edge site.",
        version: "0.1.0",
        subcommands: [BenchCommand.self]
    )
}
