import MECModel
import RadioFeed
import Testing

/// An input and what it said, by a clock of the test.
struct Ran {
    var replayed: Replayed
    var input: RanInput

    init(change: (inout RanInput.Settings) -> Void = { _ in }) throws {
        replayed = try Replayed()
        var settings = RanInput.Settings()
        change(&settings)
        input = RanInput(settings, inventory: replayed.inventory)
    }

    mutating func say(_ topic: String, _ text: String, from client: String = "xapp", at seconds: Double = 0) {
        let now = Replayed.start.advanced(bySeconds: seconds)
        input.receive(
            topic: topic,
            payload: Array(text.utf8),
            client: client,
            at: now,
            into: &replayed.batch,
            warnings: &replayed.warnings
        )
        replayed.warned += replayed.warnings.take()
    }

    mutating func wait(until seconds: Double) {
        input.advance(to: Replayed.start.advanced(bySeconds: seconds), into: &replayed.batch)
    }
}

@Suite struct RanInputTests {
    static let cellA = #"{"plmn": "00101", "cellId": "0A10101"}"#
    static let cellB = #"{"plmn": "00101", "cellId": "0A10102"}"#
    static let cellN = #"{"plmn": "00101", "nrCellId": "0A1010001"}"#

    struct Case: CustomTestStringConvertible, Sendable {
        let kind: String
        let text: String
        let facts: [String]
        var testDescription: String { kind }
    }

    static let cases = [
        Case(
            kind: "attach",
            text: #"{"ue": "robot", "cell": \#(cellA)}"#,
            facts: ["0.0 attached robot 001010a10101"]
        ),
        Case(
            kind: "position",
            text: #"{"ue": "robot", "latitude": 43.7, "longitude": 7.4, "speed": 2, "heading": 360}"#,
            facts: ["0.0 position robot 43.7 7.4 2.0 0.0"]
        ),
        Case(kind: "detach", text: #"{"ue": "robot"}"#, facts: ["0.0 detached robot"]),
        Case(kind: "leave", text: #"{"ue": "robot"}"#, facts: ["0.0 terminalRemoved robot"]),
        Case(
            kind: "handover",
            text:
                #"{"ue": "robot", "source": \#(cellA), "target": \#(cellB), "status": "IN_PREPARATION", "otherTargets": [\#(cellN)]}"#,
            facts: ["0.0 handover robot 001010a10101 001010a10102 inPreparation [001010a1010001]"]
        ),
        Case(
            kind: "handover",
            text: #"{"ue": "robot", "source": \#(cellA), "target": \#(cellB), "status": 3}"#,
            facts: ["0.0 handover robot 001010a10101 001010a10102 completed []"]
        ),
        Case(
            kind: "measurement",
            text:
                #"{"ue": "robot", "cell": \#(cellA), "rsrp": -95.5, "rsrq": -11, "trigger": 12, "neighbours": [{"cell": \#(cellB), "rsrp": -90}]}"#,
            facts: [
                "0.0 measurement robot 001010a10101 -95.5/-11.0/-(45/18/-) 12 [001010a10102 -90.0/-/-(51/-/-)] []"
            ]
        ),
        Case(
            kind: "measurement",
            text: #"{"ue": "robot", "cell": \#(cellN), "rsrp": -95.5, "sinr": 3}"#,
            facts: ["0.0 measurement robot 001010a1010001 -95.5/-/3.0(61/-/53) 0 [] []"]
        ),
        Case(
            kind: "timing_advance",
            text: #"{"ue": "robot", "cell": \#(cellA), "timingAdvance": 208}"#,
            facts: ["0.0 ta robot 001010a10101 208"]
        ),
        Case(
            kind: "bit_rate",
            text: #"{"ue": "robot", "downlink": 1e6}"#,
            facts: ["0.0 rate robot 1000000 0"]
        ),
        Case(
            kind: "bearer",
            text:
                #"{"ue": "robot", "cell": \#(cellA), "erabId": 6, "step": "established", "qci": 1, "erabMbrDl": 24400, "erabMbrUl": 24400, "erabGbrDl": 24400, "erabGbrUl": 24400}"#,
            facts: ["0.0 bearer established robot 001010a10101 6 1 24400"]
        ),
        Case(
            kind: "carrier_aggregation",
            text: #"{"ue": "robot", "cell": \#(cellA), "added": [\#(cellB)]}"#,
            facts: ["0.0 ca robot 001010a10101 +[001010a10102] -[] []"]
        ),
    ]

    @Test(arguments: cases)
    func `an xApp's message becomes a fact`(_ testCase: Case) throws {
        var ran = try Ran()
        ran.say("ran/in/\(testCase.kind)", testCase.text)
        #expect(ran.replayed.warned.isEmpty)
        #expect(ran.replayed.facts == testCase.facts)
        // Things are defined before they are spoken of, and once.
        ran.say("ran/in/\(testCase.kind)", testCase.text)
        let defined = ran.replayed.lines.filter { $0.contains(" defined ") }
        #expect(Set(defined).count == defined.count || testCase.kind == "leave")
    }

    @Test func `cells, zones and terminals are defined with what is said of them`() throws {
        var ran = try Ran()
        ran.say(
            "ran/in/cell",
            #"{"cell": \#(Self.cellA), "name": "north", "zone": "quay", "latitude": 43.7, "longitude": 7.4, "radius": 200, "pci": 77, "arfcn": 1300, "status": "serviceable"}"#
        )
        ran.say("ran/in/terminal", #"{"ue": "robot", "addresses": ["10.0.0.9", "2001:db8::9"]}"#)
        ran.say(
            "ran/in/cell_load",
            #"{"cell": \#(Self.cellA), "totalDownlinkPrbUsage": 45.4, "activeUesDownlink": 7}"#
        )
        #expect(ran.replayed.warned.isEmpty)
        let definitions = ran.replayed.batch.definitions
        guard case .zone(let zone) = definitions[0], case .cell(let cell) = definitions[1],
            case .terminal(let terminal) = definitions[3]
        else {
            Issue.record("found \(definitions)")
            return
        }
        #expect(zone.zoneId == "quay")
        #expect(cell.zone == zone.zone)
        #expect(cell.name == "north")
        #expect(cell.position == GeoPoint(latitude: 43.7, longitude: 7.4))
        #expect(cell.physicalCellId == 77)
        #expect(cell.operationStatus == .serviceable)
        #expect(terminal.associateIds.map(\.value) == ["10.0.0.9", "2001:db8::9"])
        #expect(ran.replayed.batch.cellLoads.first?.totalDownlinkPrbUsage == 45)
        #expect(ran.replayed.batch.cellLoads.first?.activeUes.downlinkNonGBR == 7)
    }

    @Test func `a list is many facts, and a bad one among them does not spoil the rest`() throws {
        var ran = try Ran()
        ran.say(
            "ran/in/position",
            #"[{"ue":"a","latitude":1,"longitude":1},{"ue":"b","latitude":91,"longitude":1},{"ue":"c","latitude":2,"longitude":2}]"#
        )
        #expect(ran.replayed.facts.map { $0.split(separator: " ")[2] } == ["a", "c"])
        #expect(ran.replayed.reasons == [.positionOffGlobe])
        // What was not believed left no terminal behind.
        #expect(!ran.replayed.lines.contains { $0.contains("\"b\"") })
    }

    struct Nonsense: CustomTestStringConvertible, Sendable {
        let name: String
        let topic: String
        let text: String
        let reason: FeedWarning.Reason
        var testDescription: String { name }
    }

    static let nonsense: [Nonsense] = [
        Nonsense(name: "no JSON", topic: "ran/in/position", text: "43.7;7.4", reason: .malformed),
        Nonsense(
            name: "JSON of another shape",
            topic: "ran/in/position",
            text: "\"here\"",
            reason: .malformed
        ),
        Nonsense(
            name: "text for a number",
            topic: "ran/in/position",
            text: #"{"ue":"a","latitude":"north","longitude":1}"#,
            reason: .malformed
        ),
        Nonsense(
            name: "a number too large for any",
            topic: "ran/in/position",
            text: #"{"ue":"a","latitude":1e999,"longitude":1}"#,
            reason: .malformed
        ),
        Nonsense(
            name: "a topic that is not read",
            topic: "ran/in/weather",
            text: #"{"ue":"a"}"#,
            reason: .unknownSubject
        ),
        Nonsense(
            name: "a topic too deep",
            topic: "ran/in/position/a",
            text: #"{"ue":"a"}"#,
            reason: .unknownSubject
        ),
        Nonsense(
            name: "no terminal",
            topic: "ran/in/position",
            text: #"{"latitude":1,"longitude":1}"#,
            reason: .missingField
        ),
        Nonsense(
            name: "a terminal with a slash",
            topic: "ran/in/detach",
            text: #"{"ue":"a/b"}"#,
            reason: .malformed
        ),
        Nonsense(
            name: "a terminal of 100 letters",
            topic: "ran/in/detach",
            text: #"{"ue":"\#(String(repeating: "a", count: 100))"}"#,
            reason: .malformed
        ),
        Nonsense(
            name: "half a position",
            topic: "ran/in/position",
            text: #"{"ue":"a","latitude":1}"#,
            reason: .missingField
        ),
        Nonsense(
            name: "off the globe",
            topic: "ran/in/position",
            text: #"{"ue":"a","latitude":1,"longitude":181}"#,
            reason: .positionOffGlobe
        ),
        Nonsense(name: "no cell", topic: "ran/in/attach", text: #"{"ue":"a"}"#, reason: .missingField),
        Nonsense(
            name: "29 bits of cell",
            topic: "ran/in/attach",
            text: #"{"ue":"a","cell":{"plmn":"00101","cellId":"10000000"}}"#,
            reason: .cellOutOfRange
        ),
        Nonsense(
            name: "37 bits of NR cell",
            topic: "ran/in/attach",
            text: #"{"ue":"a","cell":{"plmn":"00101","nrCellId":"1000000000"}}"#,
            reason: .cellOutOfRange
        ),
        Nonsense(
            name: "a PLMN of four digits",
            topic: "ran/in/attach",
            text: #"{"ue":"a","cell":{"plmn":"0010","cellId":"1"}}"#,
            reason: .cellOutOfRange
        ),
        Nonsense(
            name: "a sign in the cell",
            topic: "ran/in/attach",
            text: #"{"ue":"a","cell":{"plmn":"00101","cellId":"-1"}}"#,
            reason: .cellOutOfRange
        ),
        Nonsense(
            name: "no MAC address",
            topic: "ran/in/attach",
            text: #"{"ue":"a","cell":{"bssid":"02:00"}}"#,
            reason: .cellOutOfRange
        ),
        Nonsense(
            name: "RSRP beyond reason",
            topic: "ran/in/measurement",
            text: #"{"ue":"a","cell":\#(cellA),"rsrp":-1e9}"#,
            reason: .valueOutOfRange
        ),
        Nonsense(
            name: "nothing measured",
            topic: "ran/in/measurement",
            text: #"{"ue":"a","cell":\#(cellA)}"#,
            reason: .missingField
        ),
        Nonsense(
            name: "a handover to itself",
            topic: "ran/in/handover",
            text: #"{"ue":"a","source":\#(cellA),"target":\#(cellA),"status":3}"#,
            reason: .valueOutOfRange
        ),
        Nonsense(
            name: "hoStatus 6",
            topic: "ran/in/handover",
            text: #"{"ue":"a","source":\#(cellA),"target":\#(cellB),"status":6}"#,
            reason: .valueOutOfRange
        ),
        Nonsense(
            name: "half a TA",
            topic: "ran/in/timing_advance",
            text: #"{"ue":"a","cell":\#(cellA),"timingAdvance":0.5}"#,
            reason: .valueOutOfRange
        ),
        Nonsense(
            name: "erabId 16",
            topic: "ran/in/bearer",
            text: #"{"ue":"a","cell":\#(cellA),"erabId":16,"step":"released"}"#,
            reason: .valueOutOfRange
        ),
        Nonsense(
            name: "one rate of four",
            topic: "ran/in/bearer",
            text: #"{"ue":"a","cell":\#(cellA),"erabId":6,"step":"established","erabGbrDl":5}"#,
            reason: .valueOutOfRange
        ),
        Nonsense(
            name: "101 percent",
            topic: "ran/in/cell_load",
            text: #"{"cell":\#(cellA),"totalDownlinkPrbUsage":101}"#,
            reason: .valueOutOfRange
        ),
        Nonsense(
            name: "yesterday",
            topic: "ran/in/detach",
            text: #"{"ue":"a","time":-80000}"#,
            reason: .valueOutOfRange
        ),
        Nonsense(
            name: "tomorrow",
            topic: "ran/in/detach",
            text: #"{"ue":"a","time":90000}"#,
            reason: .valueOutOfRange
        ),
        Nonsense(
            name: "too large",
            topic: "ran/in/detach",
            text: #"{"ue":"a","name":"\#(String(repeating: "x", count: 300_000))"}"#,
            reason: .tooLarge
        ),
        Nonsense(
            name: "too many",
            topic: "ran/in/detach",
            text: "[" + Array(repeating: #"{"ue":"a"}"#, count: 1_001).joined(separator: ",") + "]",
            reason: .tooLarge
        ),
        Nonsense(
            name: "deep brackets",
            topic: "ran/in/detach",
            text: String(repeating: "[", count: 100_000),
            reason: .malformed
        ),
    ]

    @Test(arguments: nonsense)
    func `nonsense is named with its client, and the next message counts`(_ nonsense: Nonsense) throws {
        var ran = try Ran()
        ran.say(nonsense.topic, nonsense.text, from: "bad-xapp")
        #expect(ran.replayed.reasons == [nonsense.reason], "\(ran.replayed.warned)")
        #expect(ran.replayed.warned.first?.place.hasPrefix("client bad-xapp, topic ran/in/") == true)
        #expect(ran.replayed.facts.isEmpty)
        ran.say("ran/in/detach", #"{"ue":"good"}"#)
        #expect(ran.replayed.facts == ["0.0 detached good"])
    }

    @Test func `time that goes back for a terminal is refused`() throws {
        var ran = try Ran()
        let now = 2_000.0
        ran.say("ran/in/detach", #"{"ue":"a","time":\#(now)}"#)
        ran.say("ran/in/detach", #"{"ue":"b","time":\#(now - 5)}"#)
        ran.say("ran/in/detach", #"{"ue":"a","time":\#(now - 1)}"#)
        #expect(ran.replayed.reasons == [.timeBackwards])
        #expect(ran.replayed.facts.count == 2)
    }

    @Test func `limits hold for each client`() throws {
        var ran = try Ran {
            $0.terminalsPerClient = 2
            $0.cellsPerClient = 1
            $0.clientsMax = 2
        }
        for name in ["a", "b", "c"] { ran.say("ran/in/detach", #"{"ue":"\#(name)"}"#, from: "one") }
        #expect(ran.replayed.reasons == [.full])
        ran.say("ran/in/attach", #"{"ue":"a","cell":\#(Self.cellA)}"#, from: "one")
        ran.say("ran/in/attach", #"{"ue":"a","cell":\#(Self.cellB)}"#, from: "one")
        #expect(ran.replayed.reasons == [.full, .full])
        ran.say("ran/in/detach", #"{"ue":"d"}"#, from: "two")
        ran.say("ran/in/detach", #"{"ue":"e"}"#, from: "three")
        #expect(ran.replayed.reasons == [.full, .full, .full])
    }

    @Test func `random text never stops the service`() throws {
        var ran = try Ran()
        let alphabet = Array(#"{}[]":,.-0123456789eutruefalsenulcellId "#.utf8)
        for seed in 0..<500 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            let noise = (0..<200).map { _ in alphabet[Int(random.next() % UInt64(alphabet.count))] }
            ran.say("ran/in/measurement", String(decoding: noise, as: UTF8.self))
            ran.say("lte_message", String(decoding: noise, as: UTF8.self))
        }
        #expect(ran.replayed.facts.isEmpty)
    }
}
