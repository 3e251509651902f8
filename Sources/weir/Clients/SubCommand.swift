import ArgumentParser
import ClientKit
import MQTTWire

/// `weir sub`
struct SubCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sub",
        abstract: "Subscribe to topics of an MQTT broker and print the messages.",
        discussion: """
            The flags and exit codes are those of mosquitto_sub. A connection that is lost is made anew.

            EXAMPLES
              weir sub -t 'site/#' -v
              weir sub -t site/door -C 1 -W 10                one message, for at most ten seconds
              weir sub -t '#' -F '%I %t %l'                   time, topic and length of the payload
              weir sub -t 'site/#' -F %j                      each message as a JSON object
              weir sub -t '#' --retained-only -v -W 1         what the broker retains
              weir sub -V 5 -t '$share/group/work/#' -q 1 -c -i worker-1

            Formats (-F): %A topic alias, %C content type, %D correlation data, %E message expiry, %F payload \
            format, %I ISO 8601 time, %j JSON, %J JSON with the payload as JSON, %l length, %m packet identifier, \
            %P user properties, %p payload, %q QoS, %R response topic, %r retained, %S subscription identifier, %t \
            topic, %U Unix time, %x and %X hexadecimal payload, %% a percent sign; @X strftime's %X, @N \
            nanoseconds; \\n, \\t, \\0 and the like. %-10t, %010l and %5.5t set widths.

            Exit codes: 0 done; the reason code of CONNACK if the broker refused; 27 if -W was over; otherwise not 0.
            """,
        helpNames: .long
    )

    @Option(
        name: [.customShort("t"), .long],
        parsing: .unconditionalSingleValue,
        help: "A topic filter; may be repeated."
    )
    var topic: [String] = []

    @Option(
        name: [.customShort("T"), .customLong("filter-out")],
        parsing: .unconditionalSingleValue,
        help: "Do not print messages of this filter; may be repeated."
    )
    var filterOut: [String] = []

    @Option(
        name: [.customShort("U"), .long],
        parsing: .unconditionalSingleValue,
        help: "Unsubscribe from a filter first, for sessions that are kept; may be repeated."
    )
    var unsubscribe: [String] = []

    @Option(name: [.customShort("q"), .long], help: "0, 1 or 2.")
    var qos = QoSArgument.atMostOnce

    @Option(name: [.customShort("C"), .customLong("count")], help: "End after so many messages.")
    var count: Int?

    @Option(name: [.customShort("W"), .customLong("timeout")], help: "End after so many seconds.")
    var timeout: Double?

    @Flag(
        name: [.customShort("E"), .customLong("exit-subscribed")],
        help: "End when the broker has subscribed us."
    )
    var endsWhenSubscribed = false

    @Flag(name: [.customShort("R"), .customLong("no-retained")], help: "Do not print retained messages.")
    var noRetained = false

    @Flag(help: "Print retained messages only, and end with the first other one.")
    var retainedOnly = false

    @Flag(help: "Take away each retained message that comes. -T spares some.")
    var removeRetained = false

    @Flag(name: [.customShort("v"), .long], help: "Print the topic before the payload.")
    var verbose = false

    @Flag(name: [.customShort("N"), .customLong("no-eol")], help: "No end of line behind a message.")
    var noEndOfLine = false

    @Option(
        name: [.customShort("F"), .customLong("format")],
        parsing: .unconditional,
        help: "How to print a message."
    )
    var format: String?

    @Flag(help: "JSON over several lines.")
    var pretty = false

    @Option(
        help: ArgumentHelp("Print so many per cent of the messages, picked at random.", valueName: "percent")
    )
    var randomFilter = 100.0

    @Flag(help: "Do not receive what this client publishes (-V 5).")
    var noLocal = false

    @Flag(help: "Keep the retain flag of the publisher (-V 5).")
    var retainAsPublished = false

    @Option(
        help: ArgumentHelp(
            "Receive retained messages always, new (subscriptions only), or never (-V 5).",
            valueName: "when"
        )
    )
    var retainHandling = RetainArgument.always

    @OptionGroup(title: "Connection") var options: ClientOptions

    enum RetainArgument: String, ExpressibleByArgument, CaseIterable {
        case always, new, never

        var handling: RetainHandling {
            switch self {
            case .always: .sendAtSubscribe
            case .new: .sendAtSubscribeIfNew
            case .never: .doNotSend
            }
        }
    }

    func run() throws {
        try ClientExit.run(options) { () throws(ClientError) in
            let arguments = try PropertyArguments(words: options.properties)
            let plan = try SubscriberPlan(self, arguments)
            let configuration = try options.configuration(arguments)
            let subscriber = Subscriber(
                plan: plan,
                configuration: configuration,
                trace: options.debug ? { StandardOutput.complain("Client \($0)") } : nil
            )
            let isComplete = try subscriber.run(stop: StopSignal.descriptor())
            guard isComplete else { throw ClientError(.timeout, "Timed out") }
        }
    }
}
