package import MECModel

/// Finds the areas that may contain a point, among very many.
///
/// A stack of grids: an area lies in the grid whose squares are at least as large as the area, in at
/// most four squares. A look-up asks one square of each grid that is in use, and there the areas' bounds.
/// Areas without simple bounds (at a pole or across the 180th meridian) are asked every time; there are few.
package struct AreaIndex: Sendable {
    private struct Square: Hashable {
        var level: UInt8
        var x: Int32
        var y: Int32
    }

    private struct Entry {
        var area: Int
        var bounds: AreaBounds
    }

    /// Degrees of the finest squares: about 110 m of latitude.
    private static let finest = 0.001
    private static let levels: UInt8 = 19

    private var squares: [Square: [Entry]] = [:]
    private var levelsInUse: [UInt8: Int] = [:]
    private var everywhere: [Int] = []
    private var sortedLevels: [UInt8] = []

    package init() {}

    /// - Parameter area: A number that ``candidates(at:_:)`` gives back.
    package mutating func insert(_ area: Int, _ shape: AreaShape) {
        guard let cover = AreaIndex.cover(shape) else {
            everywhere.append(area)
            return
        }
        let entry = Entry(area: area, bounds: cover.bounds)
        for square in cover.squares { squares[square, default: []].append(entry) }
        levelsInUse[cover.level, default: 0] += 1
        sortedLevels = levelsInUse.keys.sorted()
    }

    package mutating func remove(_ area: Int, _ shape: AreaShape) {
        guard let cover = AreaIndex.cover(shape) else {
            everywhere.removeAll { $0 == area }
            return
        }
        for square in cover.squares {
            squares[square]?.removeAll { $0.area == area }
            if squares[square]?.isEmpty == true { squares[square] = nil }
        }
        if let count = levelsInUse[cover.level] { levelsInUse[cover.level] = count > 1 ? count - 1 : nil }
        sortedLevels = levelsInUse.keys.sorted()
    }

    /// Calls `body` with each area that may contain `point`, each once.
    package func candidates(at point: GeoPoint, _ body: (Int) -> Void) {
        for level in sortedLevels {
            let square = AreaIndex.square(level, point.latitude, point.longitude)
            guard let entries = squares[square] else { continue }
            for entry in entries where entry.bounds.contains(point) { body(entry.area) }
        }
        for area in everywhere { body(area) }
    }

    private static func cover(
        _ shape: AreaShape
    ) -> (level: UInt8, squares: Set<Square>, bounds: AreaBounds)? {
        guard let bounds = shape.bounds else { return nil }
        let extent = max(bounds.north - bounds.south, bounds.east - bounds.west)
        var level: UInt8 = 0
        while level < levels, side(level) < extent { level += 1 }
        guard side(level) >= extent else { return nil }
        let corners = [
            (bounds.south, bounds.west), (bounds.south, bounds.east), (bounds.north, bounds.west),
            (bounds.north, bounds.east),
        ]
        return (level, Set(corners.map { square(level, $0.0, $0.1) }), bounds)
    }

    private static func side(_ level: UInt8) -> Double { finest * Double(UInt32(1) << UInt32(level)) }

    private static func square(_ level: UInt8, _ latitude: Double, _ longitude: Double) -> Square {
        let side = side(level)
        return Square(
            level: level,
            x: Int32((longitude / side).rounded(.down)),
            y: Int32((latitude / side).rounded(.down))
        )
    }
}
