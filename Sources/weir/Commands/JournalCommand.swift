import ArgumentParser
import Glibc
import Journal

struct JournalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "journal",
        abstract: "Look into a journal, and put it right.",
        discussion: """
            A journal is the directory of one shard or stream, such as weir-data/shard-0. Reading works beside a running \
            server; repair needs it stopped, and is never needed for a start: the server cuts a torn tail and \
            passes damage over by itself.

            EXAMPLES
              weir journal stat weir-data/shard-0
              weir journal check weir-data/shard-0
              weir journal dump weir-data/shard-0 --limit 10
            """,
        subcommands: [Check.self, Repair.self, Dump.self, Stat.self]
    )

    struct Target: ParsableArguments {
        @Argument(help: "The journal's directory, such as weir-data/shard-0.", completion: .directory)
        var directory: String

        @Option(
            help: ArgumentHelp(
                "A key that opens sealed files: file:PATH, environment:NAME or credential:NAME.",
                discussion: "May be given several times.",
                valueName: "key"
            )
        )
        var key: [String] = []

        @Flag(help: "JSON lines instead of text.")
        var json = false

        func inspect(_ body: (JournalInspector) throws(LogError) -> Bool) throws {
            guard Glibc.access(directory, R_OK | X_OK) == 0 else {
                Failure.tell(
                    "journal \"\(directory)\" cannot be read; name a shard's directory, such as weir-data/shard-0."
                )
                throw Failure.configuration
            }
            var sources: [KeySource] = []
            for text in key {
                guard let source = KeySource(text) else {
                    Failure.tell("--key \(text): expected file:PATH, environment:NAME or credential:NAME.")
                    throw Failure.configuration
                }
                sources.append(source)
            }
            do throws(LogError) {
                let keys = try KeyRing(sources, environment: Environment.current)
                guard try body(JournalInspector(directory, keys: keys)) else { throw LogError(.disk, "") }
            } catch {
                if !error.message.isEmpty { Failure.tell(error.message) }
                throw Failure.unavailable
            }
        }

        func tell(_ line: InspectionLine) { print(json ? line.json : line.text) }

        func tell(_ summary: InspectionSummary) {
            guard !json else { return }
            print(
                "\(summary.segments) segments, \(summary.records) records, \(summary.bytes) bytes; "
                    + "\(summary.damages) damaged places (\(summary.damagedBytes) bytes), "
                    + "\(summary.tornBytes) bytes torn at the end, \(summary.unusableFiles) unusable files"
            )
        }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read every record and tell what is damaged; ends with 0 when the journal is whole."
        )
        @OptionGroup var target: Target

        func run() throws {
            try target.inspect { (journal) throws(LogError) in
                let summary = try journal.check(target.tell)
                target.tell(summary)
                return summary.isWhole
            }
        }
    }

    struct Repair: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Cut a torn tail and set damaged files aside, with the server stopped."
        )
        @OptionGroup var target: Target

        func run() throws {
            try target.inspect { (journal) throws(LogError) in
                target.tell(try journal.repair(target.tell))
                return true
            }
        }
    }

    struct Dump: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print records as JSON lines.")
        @OptionGroup var target: Target
        @Option(help: "First position.") var from: UInt64 = 0
        @Option(help: "Records at most.") var limit: UInt64 = .max

        func run() throws {
            var options = DumpOptions()
            options.from = from
            options.recordsMax = limit
            let chosen = options
            try target.inspect { (journal) throws(LogError) in
                try journal.dump(chosen) { print($0.json) }
                return true
            }
        }
    }

    struct Stat: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Tell sizes, positions and keys.")
        @OptionGroup var target: Target

        func run() throws {
            try target.inspect { (journal) throws(LogError) in
                target.tell(try journal.stat())
                return true
            }
        }
    }
}
