import MECModel
import RadioFeed
import Testing

@Suite struct SRSRANMetricsTests {
    private struct Station {
        var replayed: Replayed
        var metrics: SRSRANMetrics

        init(change: (inout SRSRANMetrics.Settings) -> Void = { _ in }) throws {
            replayed = try Replayed()
            let plmn = try #require(Plmn("00101"))
            var settings = SRSRANMetrics.Settings(cells: [
                1: try #require(CellIdentity.ncgi(plmn, nrCellId: 0x66C000)),
                2: try #require(CellIdentity.ncgi(plmn, nrCellId: 0x66C001)),
            ])
            change(&settings)
            metrics = SRSRANMetrics(settings, inventory: replayed.inventory)
        }

        mutating func say(_ text: String, at seconds: Double = 0) {
            let now = Replayed.start.advanced(bySeconds: seconds)
            metrics.receive(
                Array(text.utf8),
                place: "gnb 127.0.0.1:40000",
                at: now,
                into: &replayed.batch,
                warnings: &replayed.warnings
            )
            metrics.advance(to: now, into: &replayed.batch)
            replayed.warned += replayed.warnings.take()
        }
    }

    /// As releases until 25.04 write it.
    static func old(_ time: Double, _ ues: String, _ events: String = "") -> String {
        """
        {"timestamp":\(time),"cell_metrics":{"error_indication_count":0,"average_latency":31},"ue_list":[\(ues)],"event_list":[\(events)]}
        """
    }

    static func ue(pci: Int = 1, rnti: Int = 0x4601, down: String = "17000000.0", up: String = "1500000.0")
        -> String
    {
        """
        {"ue_container":{"pci":\(pci),"rnti":\(rnti),"cqi":15,"dl_ri":1.0,"dl_mcs":28,"dl_brate":\(down),"dl_nof_ok":908,"dl_nof_nok":0,"dl_bs":44000,"pusch_snr_db":26.7,"pusch_rsrp_db":-21.2,"ta_ns":"12.5","last_phr":"n/a","ul_mcs":28,"ul_brate":\(up),"ul_nof_ok":545,"ul_nof_nok":0,"bsr":39800}}
        """
    }

    /// As releases since then write it.
    static let new = """
        {"timestamp":1764000000.5,"cells":[{"cell_metrics":{"pci":2,"average_latency":20,"latency_histogram":[1,2]},
        "event_list":[{"sfn":1,"slot":3,"rnti":17922,"event_type":"ue_create"}],
        "ue_list":[{"ue":0,"pci":2,"rnti":17922,"cqi":-1,"dl_brate":250000,"ul_brate":0,"dl_bs":0,"bsr":0,"ta_ns":null}]}]}
        """

    @Test func `both shapes of the report give rates, volumes and who is there`() throws {
        var station = try Station()
        station.say(Self.old(100.0, Self.ue()))
        station.say(Self.old(101.0, Self.ue(down: "8000000", up: "0")), at: 1)
        station.say(Self.new, at: 1.5)
        #expect(station.replayed.warned.isEmpty)
        let facts = station.replayed.facts.filter { !$0.contains("Load") }
        #expect(
            facts == [
                "0.0 attached gnb-1-4601 0010100066c000", "0.0 rate gnb-1-4601 17000000 1500000",
                "1.0 rate gnb-1-4601 8000000 0", "1.5 attached gnb-2-4602 0010100066c001",
                "1.5 rate gnb-2-4602 250000 0",
            ]
        )
        let loads = station.replayed.batch.terminalLoads
        #expect(loads.map(\.throughput.downlinkNonGBR) == [17_000, 8_000, 250])
        #expect(loads.map(\.dataVolume.downlinkNonGBR) == [0, 8_000, 0])
        #expect(station.replayed.batch.cellLoads.map(\.activeUes.downlinkNonGBR) == [1, 1, 1])
        #expect(station.replayed.batch.cellLoads.map(\.activeUes.uplinkNonGBR) == [1, 1, 0])
    }

    @Test func `who is released, or silent, is gone and may come back as another`() throws {
        var station = try Station { $0.silenceSeconds = 5 }
        station.say(Self.old(100, Self.ue() + "," + Self.ue(rnti: 0x4602)))
        station.say(
            Self.old(
                101,
                Self.ue(rnti: 0x4602),
                #"{"cell_events":{"sfn":1,"slot_index":1,"rnti":17921,"event_type":"ue_rem"}}"#
            ),
            at: 1
        )
        station.say(Self.old(107, ""), at: 7)
        let gone = station.replayed.facts.filter { $0.contains("terminalRemoved") }
        #expect(gone == ["1.0 terminalRemoved gnb-1-4601", "7.0 terminalRemoved gnb-1-4602"])
        station.say(Self.old(108, Self.ue()), at: 8)
        #expect(station.replayed.facts.filter { $0.contains("attached gnb-1-4601") }.count == 2)
    }

    @Test func `metrics of another kind are passed over in silence`() throws {
        var station = try Station()
        station.say(#"{"timestamp":1,"rlc_metrics":{"du_id":0,"ue_id":0}}"#)
        station.say(#"{"app_resource_usage":{"cpu_usage_percentage":3.1}}"#)
        station.say("\n")
        #expect(station.replayed.warned.isEmpty)
        #expect(station.replayed.batch.isEmpty)
    }

    struct Nonsense: CustomTestStringConvertible, Sendable {
        let name: String
        let text: String
        let reason: FeedWarning.Reason
        var testDescription: String { name }
    }

    static let nonsense = [
        Nonsense(name: "no JSON", text: "hello", reason: .malformed),
        Nonsense(name: "half a report", text: #"{"timestamp":1,"ue_list":[{"#, reason: .malformed),
        Nonsense(name: "a list", text: "[1,2,3]", reason: .malformed),
        Nonsense(name: "ue_list is a number", text: #"{"ue_list":7}"#, reason: .malformed),
        Nonsense(name: "a PCI that nobody knows", text: old(200, ue(pci: 9)), reason: .unknownSubject),
        Nonsense(name: "a PCI beyond all", text: old(200, ue(pci: 70_000)), reason: .unknownSubject),
        Nonsense(name: "rnti 0", text: old(200, ue(rnti: 0)), reason: .valueOutOfRange),
        Nonsense(name: "rnti of 20 bits", text: old(200, ue(rnti: 1_048_576)), reason: .valueOutOfRange),
        Nonsense(name: "a rate below nothing", text: old(200, ue(down: "-5")), reason: .valueOutOfRange),
        Nonsense(name: "a rate beyond reason", text: old(200, ue(down: "1e300")), reason: .valueOutOfRange),
        Nonsense(name: "time going back", text: old(50, ue()), reason: .timeBackwards),
        Nonsense(
            name: "too long",
            text: old(200, ue()) + String(repeating: " ", count: 2_000_000),
            reason: .tooLarge
        ),
        Nonsense(
            name: "a thousand brackets",
            text: String(repeating: "[", count: 10_000),
            reason: .malformed
        ),
    ]

    @Test(arguments: nonsense)
    func `nonsense is named with its peer, and the next report counts`(_ nonsense: Nonsense) throws {
        var station = try Station()
        station.say(Self.old(100, Self.ue()))
        station.say(nonsense.text, at: 1)
        #expect(station.replayed.reasons == [nonsense.reason])
        #expect(station.replayed.warned.first?.place == "gnb 127.0.0.1:40000")
        station.say(Self.old(300, Self.ue(down: "777000")), at: 2)
        #expect(station.replayed.facts.contains { $0 == "2.0 rate gnb-1-4601 777000 1500000" })
    }

    @Test func `values that are missing, null or "n over a" are left out`() throws {
        var station = try Station()
        station.say(
            Self.old(1, #"{"ue_container":{"pci":"1","rnti":17921,"dl_brate":null,"ul_brate":"n/a"}}"#)
        )
        #expect(station.replayed.warned.isEmpty)
        let rates = station.replayed.batch.events.compactMap { event in
            if case .bitRate(let fact) = event.fact { fact } else { nil }
        }
        #expect(rates.count == 1)
        #expect(rates.first?.downlink == nil)
        #expect(rates.first?.uplink == nil)
    }

    @Test func `more terminals than the limit are refused`() throws {
        var station = try Station { $0.terminalsMax = 2 }
        station.say(Self.old(1, (1...3).map { Self.ue(rnti: $0) }.joined(separator: ",")))
        #expect(station.replayed.reasons == [.full])
        #expect(station.replayed.facts.filter { $0.contains("attached") }.count == 2)
    }
}
