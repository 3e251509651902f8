import MECModel
import RadioFeed
import Testing

/// What must hold in every run, checked over ten minutes of Monaco.
@Suite struct MonacoTests {
    static let run: Result<Run, any Error> = Result {
        var run = try Run(MonacoScenario.scenario())
        run.go(to: 600, slice: 0.2)
        return run
    }

    @Test func `the scenario has the size that it promises`() throws {
        let scenario = try MonacoScenario.scenario()
        #expect(scenario.zones.count >= 4)
        #expect(scenario.cells.count >= 30)
        #expect(scenario.terminals.count >= 50)
        #expect(Set(scenario.terminals.map(\.kind)).count >= 6)
        #expect(Set(scenario.cells.map(\.identity.access)) == [.eutra, .nr, .wifi])
        #expect(scenario.warnings.isEmpty)
        #expect(scenario.cells.allSatisfy { $0.zone != nil })
        let names = Set(scenario.terminals.map(\.name))
        #expect(names.count == scenario.terminals.count)
        #expect(Set(scenario.terminals.flatMap(\.addresses)).count == scenario.terminals.count)
        // All of it lies in and around Monaco.
        for site in scenario.sites {
            #expect((43.72...43.755).contains(site.position.latitude))
            #expect((7.405...7.445).contains(site.position.longitude))
        }
    }

    @Test func `somebody changes E-UTRA cells within the first minute`() throws {
        let run = try Self.run.get()
        let early = run.handovers.filter { $0.seconds < 60 && $0.fact.status == .completed }
        #expect(
            early.contains {
                run.inventory.identity(of: $0.fact.source)?.access == .eutra
                    && run.inventory.identity(of: $0.fact.target)?.access == .eutra
            }
        )
    }

    @Test func `every handover takes one of the ways there are, from the cell that serves`() throws {
        let run = try Self.run.get()
        var serving: [TerminalIndex: CellIndex] = [:]
        var open: [TerminalIndex: (status: HandoverStatus, targets: Set<CellIndex>)] = [:]
        var seen: Set<HandoverStatus> = []
        for event in run.batch.events {
            switch event.fact {
            case .attached(let terminal, let cell):
                #expect(open[terminal] == nil)
                serving[terminal] = cell
            case .detached(let terminal):
                serving[terminal] = nil
            case .handover(let fact):
                seen.insert(fact.status)
                #expect(serving[fact.terminal] == fact.source)
                #expect(fact.source != fact.target)
                let others = run.batch.cells[fact.otherTargets.range]
                #expect(!others.contains(fact.target))
                switch fact.status {
                case .inPreparation:
                    #expect(open[fact.terminal] == nil)
                    open[fact.terminal] = (.inPreparation, Set(others).union([fact.target]))
                case .inExecution:
                    #expect(open[fact.terminal]?.status == .inPreparation)
                    #expect(open[fact.terminal]?.targets.contains(fact.target) == true)
                    #expect(others.isEmpty)
                    open[fact.terminal] = (.inExecution, [fact.target])
                case .completed:
                    #expect(open[fact.terminal]?.status == .inExecution)
                    #expect(open[fact.terminal]?.targets == [fact.target])
                    #expect(others.isEmpty)
                    open[fact.terminal] = nil
                    serving[fact.terminal] = fact.target
                case .rejected:
                    #expect(open[fact.terminal]?.status == .inPreparation)
                    open[fact.terminal] = nil
                case .cancelled:
                    #expect(open[fact.terminal] != nil)
                    open[fact.terminal] = nil
                }
            case .measurement(let fact):
                #expect(serving[fact.terminal] == fact.servingCell)
            default: break
            }
        }
        #expect(seen == Set(HandoverStatus.allCases))
    }

    @Test func `bearers begin before they end, and the default one is there while a cell serves`() throws {
        let run = try Self.run.get()
        var open: [TerminalIndex: [UInt8: BearerFact]] = [:]
        var tunnels: [TerminalIndex: Set<UInt8>] = [:]
        var kinds: Set<UInt8> = []
        for event in run.batch.events {
            switch event.fact {
            case .bearer(let step, let index):
                let bearer = run.batch.bearers[index.offset]
                let before = open[bearer.terminal]?[bearer.erabId]
                #expect((5...15).contains(bearer.erabId))
                switch step {
                case .established:
                    #expect(before == nil)
                    let qci = try #require(bearer.qci)
                    kinds.insert(qci)
                    // TS 23.203 Table 6.1.7-A: 1 to 4 have a guarantee, 9 has none.
                    #expect((bearer.qosInformation != nil) == (qci <= 4))
                    open[bearer.terminal, default: [:]][bearer.erabId] = bearer
                case .modified:
                    #expect(before?.qci == bearer.qci)
                    #expect(before?.qosInformation != bearer.qosInformation)
                    open[bearer.terminal]?[bearer.erabId] = bearer
                case .released:
                    #expect(before != nil)
                    open[bearer.terminal]?[bearer.erabId] = nil
                }
            case .s1Bearer(let step, let index):
                let bearer = run.batch.s1Bearers[index.offset]
                #expect(run.inventory.identity(of: bearer.cell)?.access == .eutra)
                switch step {
                case .established:
                    #expect(tunnels[bearer.terminal, default: []].insert(bearer.erabId).inserted)
                case .modified: #expect(tunnels[bearer.terminal]?.contains(bearer.erabId) == true)
                case .released: #expect(tunnels[bearer.terminal]?.remove(bearer.erabId) != nil)
                }
            case .measurement(let fact):
                #expect(open[fact.terminal]?[5]?.qci == 9)
            default: break
            }
        }
        #expect(kinds.isSuperset(of: [1, 2, 3, 9]))
    }

    @Test func `timing advance is the distance to the site in steps of 16 Ts`() throws {
        let run = try Self.run.get()
        let scenario = run.simulation.scenario
        var sites: [CellIndex: (Scenario.Site, RadioAccess)] = [:]
        for cell in scenario.cells {
            sites[try run.inventory.cell(cell.identity)] = (scenario.sites[cell.site], cell.identity.access)
        }
        var places: [TerminalIndex: GeoPoint] = [:]
        var checked = 0
        for event in run.batch.events {
            if case .position(let fact) = event.fact { places[fact.terminal] = fact.point }
            guard case .timingAdvance(let fact) = event.fact, let place = places[fact.terminal] else {
                continue
            }
            let (site, access) = try #require(sites[fact.cell])
            let plane = LocalPlane(origin: site.position)
            let distance = plane.point(place).distance(to: PlanePoint(x: 0, y: 0))
            // 16 Ts is 78.07 m of one way, half of that at 30 kHz; antenna heights add up to 57 m.
            let step = access == .nr ? 8.0 : 16.0
            let told = Double(fact.timingAdvance) * 299_792_458 / 30_720_000 / 2
            #expect(fact.timingAdvance % UInt32(step) == 0)
            #expect(told >= distance - step * 4.88 / 2 - 1)
            #expect(told <= distance + 57 + step * 4.88 / 2 + 1)
            checked += 1
        }
        #expect(checked > 1_000)
    }

    @Test func `secondary cells are other carriers of the primary's site, and leave with it`() throws {
        let run = try Self.run.get()
        let scenario = run.simulation.scenario
        var cells: [CellIndex: Scenario.Cell] = [:]
        for cell in scenario.cells { cells[try run.inventory.cell(cell.identity)] = cell }
        var secondary: [TerminalIndex: Set<CellIndex>] = [:]
        var changes = 0
        for event in run.batch.events {
            switch event.fact {
            case .carrierAggregation(let fact):
                changes += 1
                let added = run.batch.cells[fact.added.range]
                let removed = run.batch.cells[fact.removed.range]
                #expect(!added.isEmpty || !removed.isEmpty)
                for cell in added {
                    #expect(cells[cell]?.site == cells[fact.cell]?.site)
                    #expect(cells[cell]?.carrier != cells[fact.cell]?.carrier)
                    #expect(secondary[fact.terminal, default: []].insert(cell).inserted)
                }
                for cell in removed { #expect(secondary[fact.terminal]?.remove(cell) != nil) }
                #expect(
                    Set(run.batch.carriers[fact.carriers.range].map(\.servingCell)) == secondary[
                        fact.terminal
                    ] ?? []
                )
            case .handover(let fact) where fact.status == .completed:
                #expect(secondary[fact.terminal] ?? [] == [])
            default: break
            }
        }
        #expect(changes > 20)
    }

    @Test func `levels, loads and rates stay within what can be`() throws {
        let run = try Self.run.get()
        for (_, fact) in run.measurements {
            let rsrp = try #require(fact.level.rsrp)
            #expect((-150 ... -30).contains(rsrp))
            #expect(try #require(fact.level.rsrq) <= -2.9)
            let neighbours = run.neighbours(fact)
            #expect(neighbours.count <= 8)
            for neighbour in neighbours {
                #expect(neighbour.cell != fact.servingCell)
                #expect(try #require(neighbour.level.sinr) >= -6)  // TS 36.133 8.1.2.2.1
            }
        }
        for event in run.batch.events {
            switch event.fact {
            case .cellLoad(let index):
                let load = run.batch.cellLoads[index.offset]
                let total = try #require(load.totalDownlinkPrbUsage)
                let parts = try #require(load.prbUsage.downlinkGBR) + #require(load.prbUsage.downlinkNonGBR)
                #expect(total <= 100)
                #expect(abs(Int(total) - Int(parts)) <= 1)
            case .bitRate(let fact):
                #expect(try #require(fact.downlink) <= 600_000_000)
            case .position(let fact):
                #expect((43.72...43.76).contains(fact.point.latitude))
                if let heading = fact.heading { #expect((0..<360).contains(heading)) }
            default: break
            }
        }
    }
}
