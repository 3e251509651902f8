package import MECModel

/// A made-up city of any size, for load tests: a grid of three-sector sites with E-UTRA and NR over a
/// grid of streets, and terminals that go round blocks.
///
/// The same values give the same city.
package struct SyntheticCity: Sendable {
    /// Cells in all, 1…100,000; each site has three of E-UTRA and three of NR.
    package var cells = 1_000
    /// 0…200,000.
    package var terminals = 10_000
    /// Zones, 1…10,000, as squares of sites.
    package var zones = 16
    /// Metres between sites.
    package var siteDistance = 500.0
    package var seed: UInt64 = 1
    /// The south-west corner.
    package var origin = (latitude: 43.60, longitude: 7.00)

    package init() {}

    package init(cells: Int, terminals: Int) {
        self.cells = cells
        self.terminals = terminals
    }

    /// Metres between streets.
    private static let block = 100.0

    package func scenario() -> Scenario {
        var scenario = Scenario(name: "synthetic-\(cells)-\(terminals)")
        scenario.seed = seed
        guard let corner = GeoPoint(latitude: origin.latitude, longitude: origin.longitude),
            let plmn = Plmn(mcc: "001", mnc: "01")
        else { return scenario }
        let plane = LocalPlane(origin: corner)
        let sites = (max(1, cells) + 5) / 6
        let columns = max(1, Int(Double(sites).squareRoot().rounded(.up)))
        let rows = (sites + columns - 1) / columns
        let zoneColumns = max(1, Int(Double(max(1, zones)).squareRoot()))
        for zone in 0..<zoneColumns * zoneColumns { scenario.zones.append(Scenario.Zone(id: "zone-\(zone)")) }
        for number in 0..<sites {
            let (row, column) = (number / columns, number % columns)
            let place = plane.place(
                PlanePoint(x: (Double(column) + 0.5) * siteDistance, y: (Double(row) + 0.5) * siteDistance)
            )
            scenario.sites.append(
                Scenario.Site(name: "site-\(number)", position: place, height: 25, propagation: .urbanMacro)
            )
            let zone = row * zoneColumns / rows * zoneColumns + column * zoneColumns / columns
            addCells(site: number, zone: zone, plmn: plmn, to: &scenario)
        }
        let size = (x: Double(columns) * siteDistance, y: Double(rows) * siteDistance)
        for number in 0..<max(0, terminals) {
            scenario.terminals.append(terminal(number, plane: plane, size: size))
        }
        return scenario
    }

    private func addCells(site: Int, zone: Int, plmn: Plmn, to scenario: inout Scenario) {
        for sector in 0..<6 where scenario.cells.count < cells {
            let isNR = sector >= 3
            let number = UInt64(site) << 8 | UInt64(sector + 1)
            let identity =
                isNR ? CellIdentity.ncgi(plmn, nrCellId: number) : CellIdentity.ecgi(plmn, cellId: number)
            let carrier =
                isNR
                ? Carrier(access: .nr, frequencyMHz: 3_600, bandwidthMHz: 100)
                : Carrier(access: .eutra, frequencyMHz: 1_815, bandwidthMHz: 20)
            guard let identity, let carrier else { continue }
            var cell = Scenario.Cell(
                name: "site-\(site)-\(sector + 1)",
                identity: identity,
                site: site,
                zone: zone,
                carrier: carrier,
                power: isNR ? 49 : 46,
                antenna: .sector(azimuth: Float(sector % 3) * 120 + 30)
            )
            cell.physicalCellId = UInt16((site * 3 + sector % 3) % 504)
            cell.arfcn = isNR ? 640_000 : 1_300
            cell.radius = siteDistance / 2
            scenario.cells.append(cell)
        }
    }

    private func terminal(_ number: Int, plane: LocalPlane, size: (x: Double, y: Double)) -> Scenario.Terminal
    {
        var random = SeededRandom(seed: seed, 9, UInt64(number))
        let kind: TerminalKind
        switch random.uniform() {
        case ..<0.55: kind = .pedestrian
        case ..<0.80: kind = .car
        case ..<0.85: kind = .bus
        case ..<0.95: kind = .sensor
        case ..<0.98: kind = .camera
        default: kind = .drone
        }
        // A rectangle of streets; pedestrians go round fewer blocks than cars.
        let blocks = kind == .pedestrian ? 3.0 : 15.0
        func street(_ metres: Double, _ limit: Double) -> Double {
            min(max(0, (metres / Self.block).rounded() * Self.block), limit)
        }
        let west = street(random.uniform() * size.x, size.x)
        let south = street(random.uniform() * size.y, size.y)
        let east = street(west + (1 + random.uniform() * blocks).rounded() * Self.block, size.x)
        let north = street(south + (1 + random.uniform() * blocks).rounded() * Self.block, size.y)
        var corners = [
            PlanePoint(x: west, y: south), PlanePoint(x: east, y: south), PlanePoint(x: east, y: north),
            PlanePoint(x: west, y: north),
        ]
        if kind == .sensor || kind == .camera { corners = [corners[0]] }
        var terminal = Scenario.Terminal(
            name: "\(kind.rawValue)-\(number)",
            kind: kind,
            path: corners.map { plane.place($0) }
        )
        terminal.speed = kind.speed * random.uniform(in: 0.7...1.3)
        terminal.start = random.uniform()
        terminal.capabilities = random.uniform() < 0.5 ? [.eutra] : [.eutra, .nr]
        terminal.addresses = [IPAddress(ipv4: 0x0A40_0000 &+ UInt32(number))]
        return terminal
    }
}
