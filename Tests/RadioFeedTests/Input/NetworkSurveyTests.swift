import MECModel
import RadioFeed
import Testing

@Suite struct NetworkSurveyTests {
    /// A record of LTE as the app sends it.
    static func lte(
        group: Int = 1,
        eci: String = "52824577",
        serving: Bool = true,
        rsrp: String = "-107",
        time: String = "",
        serial: String = "s1",
        mnc: Int = 480,
        position: String = #""latitude": 51.47, "longitude": -0.48,"#
    ) -> String {
        """
        {"version": "1.9.0", "messageType": "LteRecord", "data": {"deviceSerialNumber": "\(serial)",
        "deviceName": "Pixel", \(time.isEmpty ? "" : "\"deviceTime\": \"\(time)\",") \(position) "altitude": 13.3,
        "speed": 9.5, "missionId": "Survey", "recordNumber": 1, "groupNumber": \(group), "accuracy": 40,
        "mcc": 311, "mnc": \(mnc), "tac": 52803, "eci": \(eci), "earfcn": 5230, "pci": 234, "rsrp": \(rsrp), "rsrq": -11,
        "snr": 19, "ta": 27, "signalStrength": -73.1, "cqi": 7, "servingCell": \(serving), "lteBandwidth": "MHZ_10",
        "provider": "x", "slot": 2}}
        """
    }

    static let nr = """
        {"version": "1.9.0", "messageType": "NrRecord", "data": {"deviceSerialNumber": "s1", "groupNumber": 9,
        "mcc": 208, "mnc": 1, "nci": 68719476735, "pci": 7, "ssRsrp": -85, "ssRsrq": -10, "ssSinr": 15.5, "ta": 3, "servingCell": true}}
        """

    @Test func `one scan is one place, one serving cell and one measurement with its neighbours`() throws {
        var ran = try Ran()
        ran.say("lte_message", Self.lte(), from: "ann")
        ran.say(
            "lte_message",
            Self.lte(eci: "52824578", serving: false, rsrp: "-111", position: ""),
            from: "ann",
            at: 0.01
        )
        ran.wait(until: 0.2)
        #expect(!ran.replayed.facts.contains { $0.contains("measurement") })
        ran.wait(until: 1)
        #expect(ran.replayed.warned.isEmpty)
        #expect(
            ran.replayed.facts == [
                "0.0 position phone-ann 51.47 -0.48 9.5 -1.0",
                "0.0 attached phone-ann 311480" + "3260a01",
                "0.0 ta phone-ann 3114803260a01 432",
                "1.0 measurement phone-ann 3114803260a01 -107.0/-11.0/19.0(34/18/85) 1 [3114803260a02 -111.0/-11.0/19.0(30/18/85)] []",
            ]
        )
    }

    @Test func `the next scan completes the one before`() throws {
        var ran = try Ran()
        ran.say("survey/lte_message", Self.lte(group: 1), from: "ann")
        ran.say("survey/lte_message", Self.lte(group: 2, rsrp: "-99"), from: "ann", at: 0.1)
        let measured = ran.replayed.facts.filter { $0.contains("measurement") }
        #expect(measured.count == 1)
        #expect(measured.first?.hasPrefix("0.1 measurement phone-ann 3114803260a01 -107.0") == true)
    }

    @Test func `an NR record has its 36 bits and its own mapping`() throws {
        var ran = try Ran()
        ran.say("nr_message", Self.nr, from: "bob")
        ran.wait(until: 1)
        // MCC 208 has MNCs of two digits: 1 is "01".
        #expect(
            ran.replayed.facts == [
                "0.0 attached phone-bob 20801fffffffff",
                "1.0 measurement phone-bob 20801fffffffff -85.0/-10.0/15.5(72/67/78) 1 [] []",
            ]
        )
    }

    @Test func `GSM ends what was known of the cell, and a silent phone is gone`() throws {
        var ran = try Ran { $0.phoneSilenceSeconds = 60 }
        ran.say("lte_message", Self.lte(), from: "ann")
        ran.say(
            "gsm_message",
            #"{"messageType":"GsmRecord","data":{"deviceSerialNumber":"s1","groupNumber":2,"servingCell":true,"arfcn":7,"bsic":1,"latitude":51.48,"longitude":-0.48}}"#,
            from: "ann",
            at: 5
        )
        ran.wait(until: 30)
        #expect(ran.replayed.facts.contains("5.0 position phone-ann 51.48 -0.48 -1.0 -1.0"))
        #expect(ran.replayed.facts.contains("5.0 detached phone-ann"))
        #expect(!ran.replayed.facts.contains { $0.contains("terminalRemoved") })
        ran.wait(until: 66)
        #expect(ran.replayed.facts.last == "66.0 terminalRemoved phone-ann")
    }

    @Test func `other records give the place, and 0 degrees, 0 degrees is none`() throws {
        var ran = try Ran()
        ran.say(
            "80211_beacon_message",
            #"{"data":{"deviceSerialNumber":"s","bssid":"02:00:5e:00:01:01","signalStrength":-60,"latitude":1,"longitude":2}}"#,
            from: "c"
        )
        ran.say("gnss_message", #"{"data":{"deviceSerialNumber":"s","latitude":0,"longitude":0}}"#, from: "c")
        #expect(ran.replayed.warned.isEmpty)
        #expect(ran.replayed.facts == ["0.0 position phone-c 1.0 2.0 -1.0 -1.0"])
    }

    @Test func `several devices behind one client are told apart, none by its serial number`() throws {
        var ran = try Ran()
        for serial in ["IMEI-356938035643809", "IMEI-490154203237518"] {
            ran.say("lte_message", Self.lte(serial: serial), from: "gate/way")
        }
        #expect(
            ran.replayed.facts.filter { $0.contains("attached") }.map { $0.split(separator: " ")[2] } == [
                "phone-way", "phone-way-2",
            ]
        )
        #expect(!ran.replayed.lines.contains { $0.contains("35693803") })
    }

    struct Nonsense: CustomTestStringConvertible, Sendable {
        let name: String
        let text: String
        let reason: FeedWarning.Reason
        var testDescription: String { name }
    }

    static let nonsense = [
        Nonsense(name: "no data", text: #"{"messageType":"LteRecord"}"#, reason: .malformed),
        Nonsense(name: "text for a level", text: lte(rsrp: "\"low\""), reason: .malformed),
        Nonsense(name: "Android's unknown cell", text: lte(eci: "2147483647"), reason: .cellOutOfRange),
        Nonsense(name: "a negative cell", text: lte(eci: "-1"), reason: .cellOutOfRange),
        Nonsense(name: "half a cell", text: lte(eci: "1.5"), reason: .cellOutOfRange),
        Nonsense(name: "Android's unknown level", text: lte(rsrp: "2147483647"), reason: .valueOutOfRange),
        Nonsense(
            name: "off the globe",
            text: lte(position: #""latitude": 95, "longitude": 0,"#),
            reason: .positionOffGlobe
        ),
        Nonsense(name: "no date", text: lte(time: "last tuesday"), reason: .malformed),
    ]

    @Test(arguments: nonsense)
    func `nonsense is named with its client and skipped`(_ nonsense: Nonsense) throws {
        var ran = try Ran()
        ran.say("lte_message", nonsense.text, from: "ann")
        ran.wait(until: 1)
        #expect(ran.replayed.reasons == [nonsense.reason], "\(ran.replayed.warned)")
        #expect(ran.replayed.facts.isEmpty)
    }

    @Test func `a record older than the one before is skipped`() throws {
        var ran = try Ran()
        ran.say("lte_message", Self.lte(time: "2024-05-01T12:00:10.500Z"), from: "ann")
        ran.say("lte_message", Self.lte(group: 2, time: "2024-05-01T14:00:10+02:00"), from: "ann")
        #expect(ran.replayed.reasons == [.timeBackwards])
        ran.say("lte_message", Self.lte(group: 2, time: "2024-05-01T14:00:11+02:00"), from: "ann")
        #expect(ran.replayed.reasons == [.timeBackwards])
    }

    @Test func `a cell whose network the phone does not know is left out`() throws {
        var ran = try Ran()
        ran.say("lte_message", Self.lte(mnc: 2_147_483_647), from: "ann")
        ran.wait(until: 1)
        #expect(ran.replayed.warned.isEmpty)
        #expect(ran.replayed.facts.map { $0.split(separator: " ")[1] } == ["position"])
    }
}
