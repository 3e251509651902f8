import Journal
import MQTTWire
import Uplink

extension UplinkSettings {
    static let schema = Schema<UplinkSettings>(checks: [fits]) {
        targetKeys
        Member.group("broker", \.connection, ConnectionSettings.schema, "How to get into the cloud broker.")
        batchKeys
        linkKeys
        Member.map(
            "lanes",
            \.lanes,
            of: LaneSettings.schema,
            template: LaneSettings(),
            named: \.name,
            countMax: 32,
            exampleName: "telemetry",
            """
            What goes to the cloud, by names of 1 to 64 of a-z, 0-9, ".", "_" and "-". Each lane has a log of its own, \
            streams/uplink.NAME in dataDirectory, and keeps the order of what it sends.
            """
        )
        Member.list(
            "downlink",
            \.downlink,
            of: DownlinkSettings.schema,
            template: DownlinkSettings(),
            countMax: 100,
            "Topics of the cloud broker that come down to this site's bus."
        )
    }

    @MemberList<UplinkSettings> private static var targetKeys: [Member<UplinkSettings>] {
        Member.value(
            "url",
            \.url,
            .optional(.text("mqtt://HOST:PORT or mqtts://HOST:PORT")),
            "The cloud broker: mqtt://HOST:PORT, or mqtts:// for TLS. Not set, there is no uplink and lanes keep nothing.",
            example: "mqtts://cloud.example:8883"
        )
        Member.value(
            "site",
            \.site,
            .text("1 to 64 of a-z, 0-9, \".\", \"_\" and \"-\"", lengthMax: 64),
            "What the cloud calls this site. A second site of the same name is refused there, and both are told."
        )
        Member.value(
            "mode",
            \.mode,
            .choice,
            """
            Compressed batches for \"weir collect\", which says what it has stored; or one MQTT message for each event, \
            stored when the broker has taken it, with site, lane and sequence in user properties.
            """
        )
        Member.value(
            "prefix",
            \.prefix,
            .text("topic levels", lengthMax: 256),
            "First levels of the uplink's topics at the cloud broker."
        )
    }

    @MemberList<UplinkSettings> private static var batchKeys: [Member<UplinkSettings>] {
        Member.value(
            "batchBytes",
            \.batchBytes,
            .byteSize(in: (4 << 10)...(4 << 20)),
            "Largest batch on the wire; on a thin link batches are smaller by themselves."
        )
        Member.value(
            "inFlight",
            \.inFlight,
            .integer(in: 1...64),
            "Batches that may be on their way at once."
        )
        Member.value(
            "compressionLevel",
            \.compressionLevel,
            .integer(in: 1...19),
            "zstd's level: 1 is fast, 19 is small."
        )
        Member.value(
            "rate",
            \.rate,
            .optional(.byteRate(in: 0...(1 << 40))),
            "Most bytes per second that the uplink sends; 0 stops it. Not set: what the link takes.",
            reload: .live,
            example: "1MiB/s"
        )
        Member.value(
            "meteredRate",
            \.meteredRate,
            .optional(.byteRate(in: 0...(1 << 40))),
            "The same while mec/v1/json/backhaul/limit says \"metered\": true.",
            reload: .live,
            example: "16KiB/s"
        )
        Member.list(
            "schedule",
            \.schedule,
            of: RateWindow.schema,
            template: RateWindow(),
            countMax: 48,
            "Rates by time of day, in place of rate while they hold."
        )
        Member.value(
            "deadLetterBytes",
            \.deadLetterBytes,
            .byteSize(in: (1 << 20)...(1 << 40)),
            "Batches that the far side refused for good, kept in uplink/dead-letters of dataDirectory; the oldest go first."
        )
        Member.value(
            "backhaulTerminal",
            \.backhaulTerminal,
            .optional(.text("the last level of a terminal's topics")),
            """
            The site's own modem, as mec/v1/pb/rni/meas_rep_ue/PLMN/CELL/TERMINAL names it: its measurement reports tell \
            how well the backhaul cell is received.
            """,
            example: "10.45.0.1"
        )
    }

    @MemberList<UplinkSettings> private static var linkKeys: [Member<UplinkSettings>] {
        Member.value(
            "heartbeat",
            \.heartbeat,
            .duration(in: .seconds(1)...(.seconds(600))),
            "Time between signs of life, which the far side answers."
        )
        Member.value(
            "offlineAfter",
            \.offlineAfter,
            .duration(in: .seconds(2)...(.seconds(3_600))),
            "Time without any answer after which the link is offline and is made anew."
        )
        Member.value(
            "degradedRoundTrip",
            \.degradedRoundTrip,
            .duration(in: .milliseconds(10)...(.seconds(600))),
            "Round trip of a commit above which the link is called degraded."
        )
        Member.value(
            "backoffShortest",
            \.backoffShortest,
            .duration(in: .milliseconds(100)...(.seconds(600))),
            "Wait before the second attempt to connect; doubled each time, and never the same for two sites."
        )
        Member.value(
            "backoffLongest",
            \.backoffLongest,
            .duration(in: .milliseconds(100)...(.seconds(86_400))),
            "Longest wait between attempts."
        )
    }

    private static func fits(_ settings: UplinkSettings, _ path: String, _ decoding: inout Decoding) {
        if !UplinkNames.isValid(settings.site) {
            decoding.problem(with: "\(path).site", "found \"\(settings.site)\", expected \(UplinkNames.rule)")
        }
        for lane in settings.lanes {
            let place = "\(path).lanes.\(lane.name)"
            if !UplinkNames.isValid(lane.name) || lane.name.utf8.count > 57 {
                decoding.problem(
                    with: place,
                    "found \"\(lane.name)\", expected \(UplinkNames.rule), at most 57 here"
                )
            }
            if lane.filters.isEmpty {
                decoding.problem(with: place, "found no filters, expected at least one")
            }
            let numbers = lane.thinning.field.split(separator: ".", omittingEmptySubsequences: false)
            if lane.thinning.mode == .window, lane.thinning.format == .protobuf,
                !numbers.allSatisfy({ (UInt64($0) ?? 0) > 0 })
            {
                decoding.problem(
                    with: "\(place).thinning.field",
                    "found \"\(lane.thinning.field)\", expected field numbers separated by dots, such as 4.3"
                )
            }
            for filter in lane.filters where (try? TopicFilter(filter))?.isShared ?? true {
                decoding.problem(
                    with: "\(place).filters",
                    "found \"\(filter)\", expected an MQTT filter without $share"
                )
            }
        }
        for (index, rule) in settings.downlink.enumerated() where (try? TopicFilter(rule.filter)) == nil {
            decoding.problem(
                with: "\(path).downlink[\(index)].filter",
                "found \"\(rule.filter)\", expected an MQTT filter"
            )
        }
    }
}

extension ConnectionSettings {
    static let schema = Schema<ConnectionSettings> {
        Member.value("version", \.version, .choice, "MQTT 5, or 3.1.1 for a broker that speaks no other.")
        Member.value(
            "clientID",
            \.clientID,
            .text("a client identifier", lengthMax: 256),
            "Empty: one is made of the site's name and instance."
        )
        Member.value(
            "username",
            \.username,
            .optional(.text("a name")),
            "The user name, where the broker wants one.",
            example: "site-7"
        )
        Member.value(
            "passwordFile",
            \.passwordFile,
            .optional(.path()),
            "A file whose first line is the password.",
            example: "/etc/weir/cloud.password"
        )
        Member.value(
            "keepAlive",
            \.keepAlive,
            .duration(in: .seconds(5)...(.seconds(3_600))),
            "MQTT's keep alive."
        )
        Member.value(
            "caFile",
            \.caFile,
            .optional(.path("the path of a PEM file")),
            "Authorities that may vouch for the broker; not set, those of the system.",
            example: "/etc/weir/cloud-ca.pem"
        )
        Member.value(
            "caDirectory",
            \.caDirectory,
            .optional(.path("the path of a directory")),
            "A directory of such files, named by \"openssl rehash\".",
            example: "/etc/ssl/certs"
        )
        Member.value(
            "certificateFile",
            \.certificateFile,
            .optional(.path("the path of a PEM file")),
            "This site's certificate, for a broker that asks for one.",
            example: "/etc/weir/site.pem"
        )
        Member.value(
            "keyFile",
            \.keyFile,
            .optional(.path("the path of a PEM file")),
            "Its private key; not set, it is looked for in certificateFile.",
            example: "/etc/weir/site.key"
        )
    }
}

extension RateWindow {
    static let schema = Schema<RateWindow> {
        Member.value("from", \.from, .timeOfDay, "Begin, local time.", required: true, example: "\"22:00\"")
        Member.value(
            "to",
            \.to,
            .timeOfDay,
            "End; before the begin it is the next day's.",
            required: true,
            example: "\"06:00\""
        )
        Member.value(
            "rate",
            \.rate,
            .byteRate(in: 0...(1 << 40)),
            "Most bytes per second.",
            required: true,
            example: "8MiB/s"
        )
    }
}

extension LaneSettings {
    static let schema = Schema<LaneSettings> {
        Member.value(
            "filters",
            \.filters,
            .list(.text("a topic filter"), countMax: 100),
            "A message that one of these matches goes into the lane, once.",
            required: true,
            example: "[\"plant/+/telemetry/#\"]"
        )
        Member.value("priority", \.priority, .integer(in: 0...9), "9 goes first. Alarms overtake bulk.")
        Member.value(
            "minimumShare",
            \.minimumShare,
            .integer(in: 0...100),
            "Per cent of the link that the lane gets whatever the others have to send."
        )
        Member.value(
            "maximumBytes",
            \.bytesMaximum,
            .byteSize(in: (1 << 20)...(1 << 50)),
            "Bytes of the lane's log; beyond it whenFull decides."
        )
        Member.value(
            "maximumAge",
            \.ageMaximum,
            .optional(.duration(in: .seconds(1)...(.seconds(10 * 365 * 86_400)))),
            "Events older than this are not sent any more; their number is told to the cloud.",
            example: "7d"
        )
        Member.value(
            "whenFull",
            \.whenFull,
            .choice,
            "Drop the oldest events, drop the newest, or refuse what is new (0x97); every loss is counted and told."
        )
        Member.value(
            "durability",
            \.durability,
            .choice,
            "When a publish of such a message is acknowledged: see storage.durability."
        )
        Member.value(
            "linger",
            \.linger,
            .duration(in: .zero...(.seconds(3_600))),
            "How long an event waits for company before its batch goes."
        )
        Member.group("thinning", \.thinning, ThinningSettings.schema, "What is left out before sending.")
        Member.value(
            "radioMinimum",
            \.radioMinimum,
            .optional(.integer(in: -140 ... -40)),
            """
            Wait while the backhaul cell is received more weakly than this (RSRP, dBm), as \
            mec/v1/json/backhaul/limit says by \"rsrp\", or backhaulTerminal's reports do.
            """,
            example: "-110"
        )
    }
}

extension ThinningSettings {
    static let schema = Schema<ThinningSettings> {
        Member.value(
            "mode",
            \.mode,
            .choice,
            """
            Nothing is left out; each every-th event of a topic goes (sample); one of a topic in interval; the last \
            one of a topic in each interval; or count, min, max and mean of a number in each interval (window).
            """
        )
        Member.value("every", \.every, .integer(in: 1...1_000_000), "For sample.")
        Member.value(
            "interval",
            \.interval,
            .duration(in: .milliseconds(100)...(.seconds(86_400))),
            "For interval, last and window."
        )
        Member.value("format", \.format, .choice, "For window: what the payloads are.")
        Member.value(
            "field",
            \.field,
            .text("names or field numbers separated by dots"),
            """
            For window: where the number stands in the payload, such as engine.temperature in JSON or 4.3 in protobuf \
            (int, double or float); empty, a JSON payload is it.
            """
        )
    }
}

extension DownlinkSettings {
    static let schema = Schema<DownlinkSettings> {
        Member.value(
            "filter",
            \.filter,
            .text("a topic filter"),
            "What to subscribe to at the cloud broker, with QoS 1 in a session that is kept.",
            required: true,
            example: "\"cloud/site-7/#\""
        )
        Member.value("strip", \.strip, .text("a prefix"), "Taken from the front of the topic.")
        Member.value("prefix", \.prefix, .text("a prefix"), "Then put in front of it.")
    }
}

extension SettingType where Value == Int {
    /// Minutes after midnight, written 22:30.
    fileprivate static var timeOfDay: SettingType {
        SettingType(
            name: "time",
            expectation: "a time of day from 00:00 to 24:00, such as 22:30",
            text: { text in
                let parts = text.split(separator: ":", omittingEmptySubsequences: false)
                guard parts.count == 2, parts[1].count == 2, let hour = Int(parts[0]),
                    let minute = Int(parts[1]),
                    (0..<60).contains(minute), (0...24).contains(hour), hour * 60 + minute <= 1_440
                else { return nil }
                return hour * 60 + minute
            },
            format: { minutes in
                func two(_ value: Int) -> String { (value < 10 ? "0" : "") + "\(value)" }
                return "\"\(two(minutes / 60)):\(two(minutes % 60))\""
            }
        )
    }
}
