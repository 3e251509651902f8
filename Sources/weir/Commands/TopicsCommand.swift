import ArgumentParser
import FoundationEssentials
import MECModel
import Yams

/// `weir topics`: the catalogue of what the MEC services publish and listen to.
struct TopicsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topics",
        abstract: "The topics of the MEC services.",
        discussion: """
            EXAMPLES
              weir topics list
              weir topics list --role state --encoding pb
              weir topics show /rni/ue/mobility/cell_change
              weir topics check --directory topics
            """,
        subcommands: [List.self, Show.self, Check.self],
        defaultSubcommand: List.self
    )

    /// Every channel there is, by the document that describes it.
    static let documents: [(file: String, channels: [TopicChannel])] = [
        ("rnis.yaml", RniTopics.channels), ("location.yaml", LocationTopics.channels),
        ("bandwidth.yaml", BandwidthTopics.channels), ("app-enablement.yaml", AppEnablementTopics.channels),
    ]

    static var channels: [TopicChannel] { documents.flatMap(\.channels) }

    /// `weir topics list`
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "One line for each topic: address, role, body."
        )

        @Option(help: "Only event, state, snapshot or request.")
        var role: String?

        @Option(help: "Only json or pb.")
        var encoding: String?

        func validate() throws {
            if let role, TopicChannel.Role(rawValue: role) == nil {
                throw ValidationError("--role takes event, state, snapshot or request, found \(role)")
            }
            if let encoding, BodyEncoding(rawValue: encoding) == nil {
                throw ValidationError("--encoding takes json or pb, found \(encoding)")
            }
        }

        func run() {
            let chosen = channels.filter { channel in
                (role.map { $0 == channel.role.rawValue } ?? true)
                    && (encoding.map { $0 == channel.encoding.rawValue } ?? true)
            }
            let width = chosen.map(\.address.count).max() ?? 0
            for channel in chosen {
                let address = channel.address + String(repeating: " ", count: width - channel.address.count)
                let role = channel.role.rawValue
                print(
                    "\(address)  \(role)\(String(repeating: " ", count: 8 - role.count))  \(channel.message)"
                )
            }
        }
    }

    /// `weir topics show`
    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "All that is known about one topic.")

        @Argument(help: "A topic, an address from the list, or a channel's name.")
        var topic: String

        func run() throws {
            let found = channels.filter { $0.name == topic || $0.address == topic || $0.matches(topic) }
            guard !found.isEmpty else {
                Failure.tell("no topic of the services is \"\(topic)\"; weir topics list has them all")
                throw ExitCode.failure
            }
            for channel in found {
                print(channel.address)
                print("  \(channel.summary)")
                print("  role         \(channel.role.rawValue)\(channel.isRetained ? ", retained" : "")")
                print("  body         \(channel.message) as \(channel.encoding.contentType)")
                print("  filter       \(channel.filter)")
                if !channel.parameters.isEmpty {
                    print("  parameters   \(channel.parameters.joined(separator: ", "))")
                }
                print("  access       \(channel.access)")
                print("  after        \(channel.reference)")
                print("  channel      \(channel.name)")
            }
        }
    }

    /// `weir topics check`
    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Whether AsyncAPI documents say what this version of Weir does, in both directions."
        )

        @Option(help: "Where rnis.yaml, location.yaml, bandwidth.yaml and app-enablement.yaml are.")
        var directory = "topics"

        func run() throws {
            var faults: [String] = []
            for (file, channels) in documents {
                let path = "\(directory)/\(file)"
                guard let data = FileManager.default.contents(atPath: path) else {
                    faults.append("\(path): cannot be read")
                    continue
                }
                faults += TopicDocument.faults(String(decoding: data, as: UTF8.self), channels, path: path)
            }
            guard faults.isEmpty else {
                for fault in faults { Failure.tell(fault) }
                throw ExitCode.failure
            }
            print("\(channels.count) topics, as the documents in \(directory) say")
        }
    }
}

extension TopicChannel {
    /// What a client needs to be allowed.
    fileprivate var access: String {
        role == .request ? "publish on it, and receive on the response topic of one's own" : "receive"
    }
}

/// Compares an AsyncAPI 3 document with the channels in the code.
enum TopicDocument {
    static func faults(_ text: String, _ channels: [TopicChannel], path: String) -> [String] {
        let document: [String: Any]
        do {
            document = try Yams.load(yaml: text) as? [String: Any] ?? [:]
        } catch {
            return ["\(path): \(error)"]
        }
        var faults: [String] = []
        if document["asyncapi"] as? String != "3.0.0" {
            faults.append("\(path): asyncapi: expected 3.0.0, found \(document["asyncapi"] ?? "nothing")")
        }
        let written = document["channels"] as? [String: [String: Any]] ?? [:]
        let operations = document["operations"] as? [String: [String: Any]] ?? [:]
        let components = document["components"] as? [String: [String: Any]] ?? [:]
        let messages = components["messages"] as? [String: [String: Any]] ?? [:]
        for channel in channels {
            let place = "\(path): channels.\(channel.name)"
            guard let entry = written[channel.name] else {
                faults.append("\(place): missing; the code has it as \(channel.address)")
                continue
            }
            func expect(_ key: String, _ found: String?, _ expected: String) {
                if found != expected {
                    faults.append("\(place): \(key) is \(found ?? "missing"), the code has \(expected)")
                }
            }
            expect("address", entry["address"] as? String, channel.address)
            let parameters = (entry["parameters"] as? [String: Any] ?? [:]).keys.sorted().joined(
                separator: ", "
            )
            expect("parameters", parameters, channel.parameters.sorted().joined(separator: ", "))
            expect("x-weir-role", entry["x-weir-role"] as? String, channel.role.rawValue)
            let references = (entry["messages"] as? [String: [String: String]] ?? [:]).values.compactMap {
                $0["$ref"]
            }
            let key = references.first?.split(separator: "/").last.map(String.init) ?? ""
            guard let message = messages[key] else {
                faults.append("\(place): its message \(references.first ?? "") is not in components.messages")
                continue
            }
            expect("message", message["name"] as? String, channel.message)
            expect("contentType", message["contentType"] as? String, channel.encoding.contentType)
            let operation = operations[channel.name]
            expect(
                "operation's action",
                operation?["action"] as? String,
                channel.role == .request ? "receive" : "send"
            )
            let binding = (operation?["bindings"] as? [String: [String: Any]])?["mqtt"]
            expect(
                "operation's retain",
                (binding?["retain"] as? Bool).map { "\($0)" },
                "\(channel.isRetained)"
            )
        }
        for name in written.keys.sorted() where !channels.contains(where: { $0.name == name }) {
            faults.append("\(path): channels.\(name): the code has no such topic")
        }
        return faults
    }
}
