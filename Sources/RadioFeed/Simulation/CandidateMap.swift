import MECModel

/// Which cells a terminal looks at, by where it is.
///
/// The plane is cut into tiles of 100 m; the first terminal that enters one has its list made: of each
/// carrier the cells that can be strongest somewhere in the tile. Without it every terminal would look
/// at every cell of the city.
struct CandidateMap: Sendable {
    private static let tileMetres: Float = 100
    private static let bucketMetres: Float = 1_000
    /// Metres beyond which a site is not looked at.
    private static let reachMacro: Float = 5_000
    private static let reachMicro: Float = 1_500
    private static let reachAccessPoint: Float = 250
    /// dBm in one resource element below which nobody hears a cell.
    private static let floorLevel: Float = -135

    struct List: Sendable {
        /// Places in ``RadioMap/cells``, cells of one site side by side.
        var cells: [Int32]
        var accessPoints: [Int32]
    }

    private struct TileKey: Hashable, Sendable {
        let x: Int32
        let y: Int32
        let capabilities: UInt8
        let isAerial: Bool
    }

    private struct BucketKey: Hashable, Sendable {
        let x: Int32
        let y: Int32
    }

    private let perCarrier: Int
    private let most: Int
    private var buckets: [BucketKey: [Int32]] = [:]
    private var places: [TileKey: Int32] = [:]
    private(set) var lists: [List] = []
    private let cellsOfSite: [[Int32]]
    private var scratch: [(cell: Int32, score: Float)] = []

    init(_ map: RadioMap, settings: SimulationSettings) {
        perCarrier = settings.candidatesPerCarrier
        most = settings.candidatesMax
        var cellsOfSite = [[Int32]](repeating: [], count: map.sites.count)
        for (number, cell) in map.cells.enumerated() { cellsOfSite[Int(cell.site)].append(Int32(number)) }
        self.cellsOfSite = cellsOfSite
        for (number, site) in map.sites.enumerated() {
            let key = BucketKey(
                x: Self.number(site.x, Self.bucketMetres),
                y: Self.number(site.y, Self.bucketMetres)
            )
            buckets[key, default: []].append(Int32(number))
        }
    }

    @inline(__always)
    static func number(_ metres: Float, _ size: Float) -> Int32 {
        Int32((metres / size).rounded(.down))
    }

    /// The number of the tile under a point, to see whether a terminal has left the last one.
    @inline(__always)
    static func tile(x: Float, y: Float) -> Int64 {
        Int64(number(x, tileMetres)) << 32 | Int64(UInt32(bitPattern: number(y, tileMetres)))
    }

    /// The place in ``lists`` of the candidates around a point.
    ///
    /// The lists are as many as the tiles that the scenario's paths cross, and no more.
    mutating func list(
        x: Float,
        y: Float,
        capabilities: Scenario.Capabilities,
        isAerial: Bool,
        map: RadioMap
    ) -> Int32 {
        let key = TileKey(
            x: Self.number(x, Self.tileMetres),
            y: Self.number(y, Self.tileMetres),
            capabilities: capabilities.rawValue,
            isAerial: isAerial
        )
        if let place = places[key] { return place }
        let place = Int32(lists.count)
        lists.append(make(key, capabilities, map))
        places[key] = place
        return place
    }

    private mutating func make(_ key: TileKey, _ capabilities: Scenario.Capabilities, _ map: RadioMap) -> List
    {
        let west = Float(key.x) * Self.tileMetres
        let south = Float(key.y) * Self.tileMetres
        scratch.removeAll(keepingCapacity: true)
        let around = Int32((Self.reachMacro / Self.bucketMetres).rounded(.up))
        let bx = Self.number(west, Self.bucketMetres)
        let by = Self.number(south, Self.bucketMetres)
        for y in by - around...by + around {
            for x in bx - around...bx + around {
                for site in buckets[BucketKey(x: x, y: y)] ?? [] {
                    score(site: site, west: west, south: south, key, capabilities, map)
                }
            }
        }
        // Strongest first; the cell's number decides between equals, so that the order is always the same.
        scratch.sort { ($0.score, $1.cell) > ($1.score, $0.cell) }
        var taken = [Int](repeating: 0, count: map.carriers.count)
        var cells: [Int32] = []
        var accessPoints: [Int32] = []
        for (number, _) in scratch {
            let cell = map.cells[Int(number)]
            if cell.isAccessPoint {
                if accessPoints.count < perCarrier { accessPoints.append(number) }
            } else if taken[Int(cell.carrier)] < perCarrier, cells.count < most {
                taken[Int(cell.carrier)] += 1
                cells.append(number)
            }
        }
        cells.sort { (map.cells[Int($0)].site, $0) < (map.cells[Int($1)].site, $1) }
        return List(cells: cells, accessPoints: accessPoints)
    }

    /// The most that each cell of a site can give in the tile.
    private mutating func score(
        site number: Int32,
        west: Float,
        south: Float,
        _ key: TileKey,
        _ capabilities: Scenario.Capabilities,
        _ map: RadioMap
    ) {
        let site = map.sites[Int(number)]
        let dx = max(west - site.x, site.x - west - Self.tileMetres, 0)
        let dy = max(south - site.y, site.y - south - Self.tileMetres, 0)
        let nearest = (dx * dx + dy * dy).squareRoot()
        let half = Self.tileMetres / 2
        let east = west + half - site.x
        let north = south + half - site.y
        let bearing = FastMath.atan2(east, north) * (180 / .pi)
        let height = TerminalHeight(metres: key.isAerial ? 50 : 1.5)
        let geometry = PathLoss.Geometry(
            distance2D: nearest,
            baseHeight: site.height,
            terminalHeight: height
        )
        let sight = LineOfSight.probability(site.propagation, distance2D: geometry.distance2D, height: height)
        for number in cellsOfSite[Int(number)] {
            let cell = map.cells[Int(number)]
            guard capabilities.has(cell.access) else { continue }
            let reach =
                cell.isAccessPoint
                ? Self.reachAccessPoint
                : site.propagation == .urbanMacro ? Self.reachMacro : Self.reachMicro
            guard nearest <= reach else { continue }
            let loss = map.carriers[Int(cell.carrier)].loss
            let expected =
                sight * loss.lineOfSight(site.propagation, geometry)
                + (1 - sight) * loss.obstructed(site.propagation, geometry)
            // Close by, the tile spans many bearings: take the main direction's gain.
            let gain =
                nearest < 2 * Self.tileMetres
                ? cell.antenna.gain : cell.antenna.gain(bearing: bearing, depression: cell.antenna.tilt)
            let level = cell.elementPower + gain - expected
            if level > Self.floorLevel { scratch.append((number, level)) }
        }
    }
}
