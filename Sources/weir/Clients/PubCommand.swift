import ArgumentParser
import ClientKit
import MQTTWire

/// `weir pub`
struct PubCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pub",
        abstract: "Publish messages to an MQTT broker.",
        discussion: """
            The flags and exit codes are those of mosquitto_pub. One of -m, -f, -l, -n and -s says what is \
            published. With QoS 1 and 2 the end of each handshake is awaited.

            EXAMPLES
              weir pub -t site/door -m open
              weir pub -h broker -u ann -P secret -t site/door -m open -q 1 -r
              weir pub -t log -l < lines.txt                  one message for each line
              weir pub -t picture -f door.jpg -V 5 -D publish content-type image/jpeg
              weir pub -L mqtts://ann:secret@broker/site/door -m open
              weir pub -t tick -m . --repeat 10 --repeat-delay 0.5

            Exit codes: 0 done; the reason code of CONNACK if the broker refused; 27 a time-out; otherwise not 0.
            """,
        helpNames: .long
    )

    @Option(name: [.customShort("t"), .long], parsing: .unconditional, help: "The topic.")
    var topic: String?

    @Option(name: [.customShort("m"), .long], parsing: .unconditional, help: "The message.")
    var message: String?

    @Option(name: [.customShort("f"), .long], help: "Publish a file's bytes.", completion: .file())
    var file: String?

    @Flag(name: [.customShort("l"), .customLong("stdin-line")], help: "Publish each line of standard input.")
    var stdinLines = false

    @Flag(name: [.customShort("n"), .customLong("null-message")], help: "Publish an empty message.")
    var nullMessage = false

    @Flag(
        name: [.customShort("s"), .customLong("stdin-file")],
        help: "Publish standard input as one message."
    )
    var stdinFile = false

    @Option(name: [.customShort("q"), .long], help: "0, 1 or 2.")
    var qos = QoSArgument.atMostOnce

    @Flag(name: [.customShort("r"), .long], help: "The broker keeps the message for later subscribers.")
    var retain = false

    @Option(
        name: .customLong("repeat"),
        help: ArgumentHelp("Publish the message so many times.", valueName: "count")
    )
    var repeatCount = 1

    @Option(help: ArgumentHelp("Seconds between them.", valueName: "seconds"))
    var repeatDelay = 0.0

    @Option(
        name: [.customShort("M"), .customLong("max-inflight")],
        help: "QoS 1 and 2 messages that may wait for the broker at once."
    )
    var maxInFlight = 20

    @OptionGroup(title: "Connection") var options: ClientOptions

    func run() throws {
        try ClientExit.run(options) { () throws(ClientError) in
            let arguments = try PropertyArguments(words: options.properties)
            let message = try makeMessage(arguments)
            let configuration = try options.configuration(arguments)
            if let alias = message.properties.topicAlias {
                throw ClientError(.usage, "topic-alias \(alias): of no use, since each topic is sent once")
            }
            let source = try MessageSource(self)
            let client = MQTTClient(configuration)
            if options.debug { client.trace = { StandardOutput.complain("Client \($0)") } }
            try client.connect()
            try Publisher(client: client, template: message, inFlightMax: maxInFlight).run(source)
            try client.disconnect(properties: arguments[.disconnect])
        }
    }

    private func makeMessage(_ arguments: PropertyArguments) throws(ClientError) -> Publish {
        let urlTopic = try options.urlTopic()
        guard let topic = topic ?? urlTopic else {
            throw ClientError(.usage, "Both topic and message must be supplied: -t names the topic.")
        }
        do {
            try TopicName.validate(topic)
        } catch {
            throw ClientError(.usage, "Invalid publish topic '\(topic)': \(error.message)")
        }
        guard repeatCount >= 1, repeatDelay >= 0, repeatDelay < 1e6, maxInFlight >= 1 else {
            throw ClientError(.usage, "--repeat and -M are at least 1, --repeat-delay is at least 0")
        }
        var message = Publish(topic: topic, payload: [], qos: qos.qos, retain: retain)
        message.properties = arguments[.publish]
        return message
    }
}
