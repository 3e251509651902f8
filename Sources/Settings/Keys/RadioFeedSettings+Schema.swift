import MECModel
import RadioFeed

extension RadioFeedSettings {
    static let schema = Schema<RadioFeedSettings> {
        Member.list(
            "scenarios",
            \.scenarios,
            of: ScenarioFeed.schema,
            template: ScenarioFeed(),
            countMax: 64,
            "Simulated radio networks. Without this list: the Monaco scenario that Weir carries; [] for none."
        )
        Member.list(
            "driveTests",
            \.driveTests,
            of: DriveTestFeed.schema,
            template: DriveTestFeed(file: "", replay: ReplaySettings(plmn: .test)),
            countMax: 1_000,
            "Drive tests of one terminal each, CSV in G-NetTrack's columns, played as if they happened now."
        )
        Member.list(
            "kpms",
            \.kpms,
            of: KPMFeed.schema,
            template: KPMFeed(files: [], cell: .example, replay: ReplaySettings(plmn: .test)),
            countMax: 1_000,
            "Measurements of a base station, CSV in the columns of a gNB's KPM reports, a file for each terminal."
        )
        Member.list(
            "baseStations",
            \.baseStations,
            of: BaseStationFeed.schema,
            template: BaseStationFeed(
                transport: .udp(address: "127.0.0.1", port: 55_555),
                gnb: SRSRANMetrics.Settings(cells: [:])
            ),
            countMax: 100,
            "Live gNBs of srsRAN Project, by their JSON metrics."
        )
        Member.group(
            "mqttInput",
            \.mqttInput,
            MQTTInputEntry.schema,
            "What xApps publish on ran/in/… and phones with Network Survey publish on their own topics."
        )
        Member.value(
            "warningBurst",
            \.warnings.burst,
            .integer(in: 1...1_000),
            "Log lines of one reason that may come at once, for what a source said and is not believed."
        )
        Member.value(
            "warningInterval",
            \.warnings.secondsPerWarning,
            .secondsAsNumber(in: 0.1...86_400),
            "How long until one more such line may come; all are counted in /metrics."
        )
        Member.group(
            "limits",
            \.self,
            limits,
            "How many of each there may be; what is beyond is named and skipped."
        )
    }

    private static let limits = Schema<RadioFeedSettings> {
        Member.value("zones", \.inventory.zones, .integer(in: 1...1_000_000), "Zones of all sources.")
        Member.value(
            "cells",
            \.inventory.cells,
            .integer(in: 1...1_000_000),
            "Points of access of all sources."
        )
        Member.value(
            "terminals",
            \.inventory.terminals,
            .integer(in: 1...1_000_000),
            "Terminals of all sources."
        )
        Member.value(
            "fileBytes",
            \.limits.fileBytes,
            .byteSize(in: 1_024...(1 << 30)),
            "Bytes of a scenario file."
        )
    }

    /// Reading from MQTT and how, as a group that can be switched off.
    struct MQTTInputEntry: Sendable {
        var isEnabled: Bool
        var settings: RanInput.Settings

        static let schema = Schema<MQTTInputEntry> {
            Member.value("enabled", \.isEnabled, .bool, "Whether it is read.")
            Member.value(
                "prefix",
                \.settings.prefix,
                .text("topic levels", lengthMax: 1_024),
                "Topic levels before cell, ue and the like."
            )
            Member.value(
                "maximumPayloadSize",
                \.settings.payloadBytesMax,
                .byteSize(in: 64...(16 << 20)),
                "A larger payload is counted and skipped."
            )
            Member.value(
                "maximumClients",
                \.settings.clientsMax,
                .integer(in: 1...100_000),
                "Clients that are told apart; what others say is counted and skipped."
            )
            Member.value(
                "phoneSilence",
                \.settings.phoneSilenceSeconds,
                .secondsAsNumber(in: 1...86_400),
                "A phone that says nothing for so long is gone."
            )
        }
    }

    var mqttInput: MQTTInputEntry {
        get { MQTTInputEntry(isEnabled: ran != nil, settings: ran ?? RanInput.Settings()) }
        set { ran = newValue.isEnabled ? newValue.settings : nil }
    }
}

extension RadioFeedSettings.ScenarioFeed {
    static let schema = Schema<RadioFeedSettings.ScenarioFeed> {
        Member.value(
            "file",
            \.file,
            .optional(.path()),
            "A scenario in Weir's YAML or AdvantEDGE's; not set: the Monaco scenario that Weir carries.",
            example: "examples/monaco/monaco.yaml"
        )
        Member.value(
            "syntheticTerminals",
            \.syntheticTerminals,
            .integer(in: 0...200_000),
            "Above 0: a made-up city with so many terminals instead of a file, for load tests."
        )
        Member.value(
            "syntheticCells",
            \.syntheticCells,
            .integer(in: 1...100_000),
            "Cells of that city."
        )
        Member.value(
            "speed",
            \.speed,
            .number(in: 0.001...1_000),
            "Simulated seconds per second; times of events run at that pace too."
        )
        Member.value(
            "seed",
            \.simulation.seed,
            .optional(.integer(in: 0...UInt64.max)),
            "Decides every random draw: the same seed gives the same events. Not set: the scenario's own.",
            example: "1297"
        )
        Member.value(
            "step",
            \.simulation.stepMilliseconds,
            .milliseconds(in: 20...10_000),
            "Simulated time between two measurements of a terminal."
        )
        Member.value(
            "reportInterval",
            \.simulation.reportMilliseconds,
            .milliseconds(in: 20...600_000),
            "Simulated time between two reports of a terminal, at least one step."
        )
    }
}

extension RadioFeedSettings.DriveTestFeed {
    static let schema = Schema<RadioFeedSettings.DriveTestFeed> {
        Member.value("file", \.file, .path(), "The CSV file.", required: true, example: "drive-test.csv")
        Member.value(
            "terminal",
            \.replay.terminal,
            .optional(.text("a name", lengthMax: 256)),
            "What the terminal is called; not set: as the file.",
            example: "car-1"
        )
        Member.value("plmn", \.replay.plmn, .plmn, "The network of the cells, which such files do not name.")
        replayMembers(\.replay)
    }
}

extension RadioFeedSettings.KPMFeed {
    static let schema = Schema<RadioFeedSettings.KPMFeed> {
        Member.value(
            "files",
            \.files,
            .list(.path(), countMax: 10_000),
            "The CSV files, one for each terminal.",
            required: true,
            example: "[\"ue1.csv\"]"
        )
        Member.value("cell", \.cell, .cell, "The base station's cell.")
        replayMembers(\.replay)
    }
}

/// The keys that both kinds of traces have.
private func replayMembers<Root>(
    _ path: any WritableKeyPath<Root, ReplaySettings> & Sendable
) -> [Member<Root>] {
    [
        Member.group(
            "replay",
            path,
            Schema {
                Member.value(
                    "speed",
                    \.speed,
                    .number(in: 0.001...10_000),
                    "Trace seconds per second."
                )
                Member.value("loop", \.loop, .bool, "Whether it begins anew at its end.")
                Member.value(
                    "maximumGap",
                    \.gapMaxSeconds,
                    .secondsAsNumber(in: 0.001...86_400),
                    "A longer gap between two rows is cut to this."
                )
                Member.value(
                    "columns",
                    \.columns,
                    .assignments(
                        "FIELD=COLUMN, such as rsrp=Level",
                        countMax: 100,
                        key: { $0 },
                        value: { $0 }
                    ) {
                        $0
                    },
                    "Which column holds a field, where it differs from the tool's own names."
                )
            },
            "How it is played."
        )
    ]
}

extension RadioFeedSettings.BaseStationFeed {
    static let schema = Schema<RadioFeedSettings.BaseStationFeed> {
        Member.value(
            "source",
            \.transport,
            .transport,
            "Where its reports come from: a UDP socket that it sends to, or a file that they are appended to."
        )
        Member.value(
            "name",
            \.gnb.name,
            .text("a name", lengthMax: 256),
            "What the gNB is called, part of its terminals' names."
        )
        Member.value(
            "cells",
            \.gnb.cells,
            .assignments(
                "PCI=CELL, such as 1=00101-000000001",
                countMax: 1_008,
                key: { UInt16($0) },
                value: { CellIdentity(key: $0) }
            ) { $0.keyText },
            "Which NR cell a physical cell identity is.",
            required: true,
            example: "[\"1=00101-000000001\"]"
        )
        Member.value(
            "silence",
            \.gnb.silenceSeconds,
            .secondsAsNumber(in: 1...3_600),
            "A terminal of which nothing is said for so long is gone."
        )
        Member.value(
            "pollInterval",
            \.pollSeconds,
            .secondsAsNumber(in: 0.01...60),
            "How often the socket or file is looked at."
        )
    }
}

// MARK: - Values

extension Plmn {
    /// The network for tests, 001/01: what stands before a key is read.
    fileprivate static var test: Plmn {
        guard let plmn = Plmn("00101") else { preconditionFailure("00101 is a PLMN") }
        return plmn
    }
}

extension CellIdentity {
    fileprivate static var example: CellIdentity {
        guard let cell = CellIdentity(key: "00101-000000001") else {
            preconditionFailure("00101-000000001 is a cell")
        }
        return cell
    }

    /// `PLMN-CELL`: five or six digits, and 7 (E-UTRA) or 9 (NR) hexadecimal ones.
    fileprivate init?(key: String) {
        let parts = key.split(separator: "-", maxSplits: 1)
        guard parts.count == 2, let plmn = Plmn(parts[0]), let number = UInt64(parts[1], radix: 16) else {
            return nil
        }
        let cell: CellIdentity? =
            switch parts[1].utf8.count {
            case 7: .ecgi(plmn, cellId: number)
            case 9: .ncgi(plmn, nrCellId: number)
            default: nil
            }
        guard let cell else { return nil }
        self = cell
    }

    fileprivate var keyText: String { "\(plmn?.description ?? "")-\(numberText)" }
}

extension SettingType where Value == Plmn {
    fileprivate static var plmn: SettingType {
        SettingType(
            name: "PLMN",
            expectation: "five or six digits, MCC and MNC, such as \"00101\"",
            text: { Plmn($0) },
            // Quoted: YAML would take the digits for an octal number.
            format: { "\"\($0)\"" }
        )
    }
}

extension SettingType where Value == CellIdentity {
    fileprivate static var cell: SettingType {
        SettingType(
            name: "cell",
            expectation: "PLMN-CELL with 9 (NR) or 7 (E-UTRA) hexadecimal digits, such as 00101-000000001",
            text: { CellIdentity(key: $0) },
            format: { "\"\($0.keyText)\"" }
        )
    }
}

extension SettingType where Value == RadioFeedSettings.BaseStationFeed.Transport {
    fileprivate static var transport: SettingType {
        SettingType(
            name: "source",
            expectation: "udp://ADDRESS:PORT, such as udp://127.0.0.1:55555, or file:PATH",
            text: { text in
                if text.hasPrefix("file:") {
                    let path = String(text.dropFirst("file:".count))
                    return path.isEmpty ? nil : .file(path)
                }
                guard text.hasPrefix("udp://"), let colon = text.lastIndex(of: ":"),
                    let port = UInt16(text[text.index(after: colon)...])
                else { return nil }
                var address = text[..<colon].dropFirst("udp://".count)
                if address.hasPrefix("["), address.hasSuffix("]") {
                    address = address.dropFirst().dropLast()
                }
                guard IPAddress(String(address)) != nil else { return nil }
                return .udp(address: String(address), port: port)
            },
            format: { transport in
                switch transport {
                case .file(let path): quoted("file:\(path)")
                case .udp(let address, let port):
                    quoted(address.contains(":") ? "udp://[\(address)]:\(port)" : "udp://\(address):\(port)")
                }
            }
        )
    }
}

extension SettingType {
    /// A list of `KEY=VALUE`.
    fileprivate static func assignments<Key: Hashable & Comparable & Sendable, Element: Sendable>(
        _ expectation: String,
        countMax: Int,
        key: @escaping @Sendable (String) -> Key?,
        value: @escaping @Sendable (String) -> Element?,
        text: @escaping @Sendable (Element) -> String
    ) -> SettingType where Value == [Key: Element] {
        let one = SettingType<Assignment<Key, Element>>(
            name: "assignment",
            expectation: expectation,
            text: { line in
                guard let sign = line.firstIndex(of: "="), let key = key(String(line[..<sign])),
                    let value = value(String(line[line.index(after: sign)...]))
                else { return nil }
                return Assignment(key: key, value: value)
            },
            format: { quoted("\($0.key)=\(text($0.value))") }
        )
        let list = SettingType<[Assignment<Key, Element>]>.list(one, countMax: countMax)
        return SettingType(
            name: list.name,
            expectation: list.expectation,
            parse: { node throws(Mismatch) in
                let all = try list.parse(node)
                return Dictionary(all.map { ($0.key, $0.value) }) { $1 }
            },
            format: { map in
                list.format(map.sorted { $0.key < $1.key }.map { Assignment(key: $0.key, value: $0.value) })
            }
        )
    }
}

private struct Assignment<Key: Sendable, Element: Sendable>: Sendable {
    var key: Key
    var value: Element
}

extension SettingType where Value == Double {
    /// A duration kept as a number of seconds.
    fileprivate static func secondsAsNumber(in range: ClosedRange<Double>) -> SettingType {
        let type = SettingType<Duration>.duration(
            in: .milliseconds(
                Int64(range.lowerBound * 1_000)
            )...(.milliseconds(Int64(range.upperBound * 1_000)))
        )
        return SettingType(
            name: type.name,
            expectation: type.expectation,
            parse: { node throws(Mismatch) in
                let (seconds, attoseconds) = try type.parse(node).components
                return Double(seconds) + Double(attoseconds) / 1e18
            },
            format: { type.format(.milliseconds(Int64(($0 * 1_000).rounded()))) }
        )
    }
}

extension SettingType where Value == Int {
    /// A duration kept as a whole number of milliseconds.
    fileprivate static func milliseconds(in range: ClosedRange<Int>) -> SettingType {
        let type = SettingType<Duration>.duration(
            in: .milliseconds(range.lowerBound)...(.milliseconds(range.upperBound))
        )
        return SettingType(
            name: type.name,
            expectation: type.expectation,
            parse: { node throws(Mismatch) in
                let (seconds, attoseconds) = try type.parse(node).components
                return Int(seconds) * 1_000 + Int(attoseconds / 1_000_000_000_000_000)
            },
            format: { type.format(.milliseconds($0)) }
        )
    }
}
