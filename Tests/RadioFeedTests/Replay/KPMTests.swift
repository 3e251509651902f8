import MECModel
import RadioFeed
import Testing

@Suite struct KPMTests {
    static let header =
        "Timestamp,num_ues,IMSI,RNTI,,slicing_enabled,slice_id,slice_prb,power_multiplier,scheduling_policy,,dl_mcs,dl_n_samples,dl_buffer [bytes],tx_brate downlink [Mbps],tx_pkts downlink,tx_errors downlink (%),dl_cqi,,ul_mcs,ul_n_samples,ul_buffer [bytes],rx_brate uplink [Mbps],rx_pkts uplink,rx_errors uplink (%),ul_rssi,ul_sinr,phr,,sum_requested_prbs,sum_granted_prbs,,dl_pmi,dl_ri,ul_n,ul_turbo_iters\n"

    private func row(
        _ milliseconds: String,
        _ down: String,
        _ up: String,
        packets: Int = 3,
        errors: String = "0"
    ) -> String {
        "\(milliseconds),1,1010123456002,70,,1,2,14,1,1,,3,33,0,\(down),\(packets),\(errors),9,,11,42,0,\(up),0,0,0,35.9,31,,1,33,,0,0,0,1\n"
    }

    private func cell() throws -> CellIdentity {
        let plmn = try #require(Plmn("00101"))
        return try #require(CellIdentity.ecgi(plmn, cellId: 0x10203))
    }

    private func replay(
        _ files: [String],
        change: (inout ReplaySettings) -> Void = { _ in },
        to seconds: Double = 30
    ) throws -> Replayed {
        var replayed = try Replayed()
        var settings = ReplaySettings(plmn: try #require(Plmn("00101")))
        settings.terminal = "ue"
        change(&settings)
        var source = try KPMReplay(
            files.enumerated().map { KPMReplay.File(name: "f\($0 + 1).csv", bytes: MemoryBytes($1)) },
            cell: cell(),
            settings: settings,
            start: Replayed.start,
            inventory: replayed.inventory
        )
        replayed.run(&source, to: seconds)
        return replayed
    }

    @Test func `rows of all files are merged by their time`() throws {
        let a = Self.header + row("1700000000000", "1.5", "0.25") + row("1700000000500", "2", "0")
        let b =
            Self.header + row("1700000000250", "0", "0", packets: 0)
            + row("1700000000750", "0.001", "0", errors: "12.6")
        let replayed = try replay([a, b])
        #expect(replayed.warned.isEmpty)
        let facts = replayed.facts.filter {
            $0.contains(" rate ") || $0.contains(" attached ") || $0.contains(" detached ")
        }
        #expect(
            facts == [
                "0.0 attached ue-1 001010010203", "0.0 rate ue-1 1500000 250000",
                "0.25 attached ue-2 001010010203", "0.25 rate ue-2 0 0",
                "0.5 rate ue-1 2000000 0", "0.75 rate ue-2 1000 0",
                "0.5 detached ue-1", "0.75 detached ue-2",
            ]
        )
        let loads = replayed.batch.terminalLoads
        #expect(loads[0].throughput.downlinkNonGBR == 1500)
        #expect(loads[2].dataVolume.downlinkNonGBR == 1000)  // 2 Mbit/s for half a second
        #expect(loads[3].packetDiscardRate.downlinkNonGBR == 13)
        #expect(replayed.batch.cellLoads.first?.activeUes.downlinkNonGBR == 1)
    }

    @Test func `nothing of the subscriber is taken`() throws {
        let replayed = try replay([Self.header + row("1700000000000", "1", "1")])
        #expect(!replayed.lines.contains { $0.contains("1010123456002") })
    }

    @Test func `a terminal that is silent for five seconds is gone, and comes back`() throws {
        let a = Self.header + row("1700000000000", "1", "1") + row("1700000020000", "1", "1")
        let b = Self.header + (0..<80).map { row("\(1_700_000_000_000 + $0 * 250)", "1", "1") }.joined()
        let replayed = try replay([a, b])
        let facts = replayed.facts.filter { $0.contains("tached ue-1") }
        #expect(
            facts.map { $0.split(separator: " ")[1] } == ["attached", "detached", "attached", "detached"]
        )
        #expect(facts[1].hasPrefix("5.25 "))
    }

    struct Nonsense: CustomTestStringConvertible, Sendable {
        let name: String
        let fields: (String, String, String)
        let reason: FeedWarning.Reason
        var testDescription: String { name }
    }

    static let nonsense = [
        Nonsense(name: "time in seconds", fields: ("1700000000", "1", "1"), reason: .malformed),
        Nonsense(name: "no time", fields: ("", "1", "1"), reason: .missingField),
        Nonsense(name: "time going back", fields: ("1600000000000", "1", "1"), reason: .timeBackwards),
        Nonsense(name: "a rate that is NaN", fields: ("1700000000250", "nan", "1"), reason: .valueOutOfRange),
        Nonsense(
            name: "a rate below nothing",
            fields: ("1700000000250", "-1", "1"),
            reason: .valueOutOfRange
        ),
        Nonsense(
            name: "a rate beyond reason",
            fields: ("1700000000250", "1", "1e30"),
            reason: .valueOutOfRange
        ),
    ]

    @Test(arguments: nonsense)
    func `nonsense is named with file and line`(_ nonsense: Nonsense) throws {
        let text =
            Self.header + row("1700000000000", "1", "1")
            + row(nonsense.fields.0, nonsense.fields.1, nonsense.fields.2)
            + row("1700000001000", "7", "1")
        let replayed = try replay([text])
        #expect(replayed.reasons == [nonsense.reason])
        #expect(replayed.warned.first?.place == "f1.csv:3")
        #expect(replayed.facts.contains { $0.contains("rate ue-1 7000000") })
    }

    @Test(.enabled(if: Shared.hasTraces, Shared.skipped))
    func `the trace of a real base station plays from end to end`() throws {
        let names = (2...11).map { "10101234560" + ($0 < 10 ? "0\($0)" : "\($0)") + "_metrics.csv" }
        let texts = names.compactMap { Shared.text("traces/tractor-gnb-kpm/Multi10/\($0)") }
        #expect(texts.count == 10)
        let rows = texts.reduce(0) { $0 + $1.utf8.count { $0 == 0x0A } - 1 }
        let replayed = try replay(
            texts,
            change: {
                $0.speed = 1_000; $0.rowsMax = 1_000_000
            },
            to: 20
        )
        #expect(replayed.warned.isEmpty)
        var rates = 0
        var attached: Set<TerminalIndex> = []
        var last = RadioTime(nanoseconds: 0)
        for event in replayed.batch.events {
            #expect(event.time >= last)
            last = event.time
            if case .bitRate = event.fact { rates += 1 }
            if case .attached(let terminal, _) = event.fact { attached.insert(terminal) }
        }
        #expect(rates == rows)
        #expect(rows >= 34_500)
        #expect(attached.count == 10)
    }
}
