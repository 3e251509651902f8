import MECModel
import Testing

struct RadioBatchTests {
    let time = RadioTime(nanoseconds: 1_000)

    @Test func `an event stays within ten words`() {
        #expect(MemoryLayout<RadioEvent>.stride <= 80)
    }

    @Test func `neighbours are found again behind their measurement`() throws {
        var batch = RadioBatch(source: SourceIndex(3))
        let level = SignalLevel(rsrp: -90, rsrq: -9, sinr: 10, access: .eutra)
        for terminal in 0..<3 as Range<UInt32> {
            batch.append(
                MeasurementFact(terminal: TerminalIndex(terminal), servingCell: CellIndex(0), level: level),
                neighbours: (0..<terminal).map {
                    NeighbourMeasurement(cell: CellIndex(10 * terminal + $0), level: level)
                },
                at: time
            )
        }
        #expect(batch.count == 3)
        for event in batch.events {
            guard case .measurement(let fact) = event.fact else {
                Issue.record("not a measurement: \(event)")
                continue
            }
            #expect(event.source == SourceIndex(3))
            let cells = batch.neighbours[fact.neighbours.range].map(\.cell.value)
            #expect(cells == (0..<fact.terminal.value).map { 10 * fact.terminal.value + $0 })
        }
    }

    @Test func `emptying a batch empties every table`() {
        var batch = RadioBatch(source: SourceIndex(0))
        batch.append(.zone(ZoneDefinition(zone: ZoneIndex(0), zoneId: "zone1")), at: time)
        batch.append(
            .established,
            BearerFact(terminal: TerminalIndex(0), cell: CellIndex(0), erabId: 5),
            at: time
        )
        batch.append(CellLoadFact(cell: CellIndex(0)), at: time)
        batch.append(
            HandoverFact(
                terminal: TerminalIndex(0),
                source: CellIndex(0),
                target: CellIndex(1),
                status: .inPreparation
            ),
            otherTargets: [CellIndex(2)],
            at: time
        )
        #expect(batch.count == 4)
        batch.removeAll()
        #expect(batch.isEmpty)
        #expect(
            batch.definitions.isEmpty && batch.bearers.isEmpty && batch.cellLoads.isEmpty
                && batch.cells.isEmpty
        )
    }
}

struct RadioInventoryTests {
    @Test func `the same thing has the same index, whoever asks`() throws {
        let inventory = RadioInventory()
        let plmn = try #require(Plmn("20801"))
        let identity = try #require(CellIdentity.ecgi(plmn, cellId: 1))
        #expect(try inventory.cell(identity) == inventory.cell(identity))
        #expect(try inventory.terminal("ue1") != inventory.terminal("ue2"))
        #expect(try inventory.name(of: inventory.source("trace a.csv")) == "trace a.csv")
        #expect(try inventory.identity(of: inventory.cell(identity)) == identity)
    }

    @Test func `a full table refuses by name and a released index comes back`() throws {
        var limits = RadioInventory.Limits()
        limits.terminals = 2
        let inventory = RadioInventory(limits: limits)
        let first = try inventory.terminal("ue1")
        _ = try inventory.terminal("ue2")
        #expect(throws: RadioInventory.InventoryError.full(.terminal, limit: 2)) {
            try inventory.terminal("ue3")
        }
        inventory.release(first)
        #expect(inventory.name(of: first) == nil)
        #expect(try inventory.terminal("ue3") == first)
        #expect(inventory.name(of: first) == "ue3")
    }
}

struct RadioTimeTests {
    @Test func `arithmetic saturates`() {
        let last = RadioTime(nanoseconds: .max)
        #expect(last.advanced(byNanoseconds: 1) == last)
        #expect(RadioTime(nanoseconds: .min).nanoseconds(since: last) == .min)
        #expect(RadioTime(seconds: 1e300).nanoseconds == .max)
        #expect(RadioTime(seconds: .nan).nanoseconds == 0)
        #expect(RadioTime(seconds: 1.5).nanoseconds == 1_500_000_000)
    }
}

struct IPAddressTests {
    @Test(arguments: ["10.100.0.3", "255.255.255.255", "2001:db8::1", "::1"])
    func `an address writes what it read`(_ text: String) throws {
        #expect(try #require(IPAddress(text)).description == text)
    }

    @Test(arguments: ["", "10.0.0", "10.0.0.256", "10.0.0.1:80", "2001:db8::1%eth0", "name"])
    func `what is no address is refused`(_ text: String) {
        #expect(IPAddress(text) == nil)
    }
}
