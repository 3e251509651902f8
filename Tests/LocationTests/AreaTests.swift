import Location
import MECModel
import Testing

struct AreaShapeTests {
    private static func point(_ latitude: Double, _ longitude: Double) throws -> GeoPoint {
        try #require(GeoPoint(latitude: latitude, longitude: longitude))
    }

    struct Fault: CustomTestStringConvertible, Sendable {
        let name: String
        let area: AreaInfo
        let field: String
        var testDescription: String { name }
    }

    private static let corner = AreaInfo.Point(latitude: 43, longitude: 7)

    @Test(arguments: [
        Fault(name: "unknown shape", area: AreaInfo(shape: 3, points: [corner]), field: "areaDefine.shape"),
        Fault(
            name: "circle without radius",
            area: AreaInfo(shape: 1, points: [corner]),
            field: "areaDefine.radius"
        ),
        Fault(
            name: "circle of radius 0",
            area: AreaInfo(shape: 1, points: [corner], radius: 0),
            field: "areaDefine.radius"
        ),
        Fault(
            name: "circle with two points",
            area: AreaInfo(shape: 1, points: [corner, corner], radius: 1),
            field: "areaDefine.points"
        ),
        Fault(
            name: "polygon of two points",
            area: AreaInfo(shape: 2, points: [corner, corner]),
            field: "areaDefine.points"
        ),
        Fault(
            name: "polygon of sixteen points",
            area: AreaInfo(shape: 2, points: Array(repeating: corner, count: 16)),
            field: "areaDefine.points"
        ),
        Fault(
            name: "a point off the globe",
            area: AreaInfo(shape: 1, points: [.init(latitude: 91, longitude: 0)], radius: 1),
            field: "areaDefine.points[0]"
        ),
    ])
    func `an area that is none is refused by field`(_ fault: Fault) {
        let thrown = #expect(throws: SubscriptionFault.self) { try AreaShape(fault.area) }
        #expect(thrown?.field == fault.field)
    }

    @Test func `a circle ends at its radius`() throws {
        let circle = AreaShape.circle(center: try Self.point(43.73, 7.42), radius: 100)
        #expect(circle.contains(try Self.point(43.73, 7.42 + 99 / 80_330)))
        #expect(!circle.contains(try Self.point(43.73, 7.42 + 101 / 80_330)))
    }

    @Test func `a concave polygon has no inside in its notch`() throws {
        // A U that is open to the north.
        let corners = try [(0.0, 0.0), (0, 3), (3, 3), (3, 2), (1, 2), (1, 1), (3, 1), (3, 0)].map {
            try Self.point($0.0, $0.1)
        }
        let shape = AreaShape.polygon(corners)
        #expect(shape.contains(try Self.point(0.5, 1.5)))
        #expect(shape.contains(try Self.point(2, 0.5)))
        #expect(shape.contains(try Self.point(2, 2.5)))
        #expect(!shape.contains(try Self.point(2, 1.5)))
        #expect(!shape.contains(try Self.point(-0.1, 1)))
    }

    @Test func `an area may cross the 180th meridian`() throws {
        let corners = try [(-1.0, 179.0), (-1, -179), (1, -179), (1, 179)].map { try Self.point($0.0, $0.1) }
        let shape = AreaShape.polygon(corners)
        #expect(shape.contains(try Self.point(0, 179.5)))
        #expect(shape.contains(try Self.point(0, -179.5)))
        #expect(!shape.contains(try Self.point(0, 178)))
        #expect(!shape.contains(try Self.point(0, 0)))
    }
}

struct AreaIndexTests {
    /// A small generator, so that a failure can be repeated.
    private struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            var mixed = state
            mixed ^= mixed >> 33
            mixed = mixed &* 0xFF51_AFD7_ED55_8CCD
            return mixed ^ mixed >> 33
        }
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func `the index finds every area that contains a point, near and far`(_ seed: UInt64) throws {
        var random = Generator(state: seed)
        var index = AreaIndex()
        var shapes: [AreaShape] = []
        for number in 0..<400 {
            // From the size of a house to that of a continent, poles and the 180th meridian included.
            let latitude = Double.random(in: -89...89, using: &random)
            let longitude = Double.random(in: -180...180, using: &random)
            let center = try #require(GeoPoint(latitude: latitude, longitude: longitude))
            let size = pow10(Double.random(in: 1...6, using: &random))
            if number % 2 == 0 {
                shapes.append(.circle(center: center, radius: size))
            } else {
                let degrees = size / 111_000
                let corners = [(-1.0, -1.0), (-1, 1), (1, 1)].map { south, east in
                    GeoPoint(
                        latitude: max(-90, min(90, latitude + south * degrees)),
                        longitude: max(-180, min(180, longitude + east * degrees))
                    )
                }
                shapes.append(.polygon(corners.compactMap { $0 }))
            }
            index.insert(number, shapes[number])
        }
        var hits = 0
        for _ in 0..<2_000 {
            let near = shapes[Int.random(in: 0..<shapes.count, using: &random)]
            let center: GeoPoint
            switch near {
            case .circle(let point, _): center = point
            case .polygon(let corners): center = corners[0]
            }
            let point = try #require(
                GeoPoint(
                    latitude: max(
                        -90,
                        min(90, center.latitude + Double.random(in: -0.01...0.01, using: &random))
                    ),
                    longitude: max(
                        -180,
                        min(180, center.longitude + Double.random(in: -0.01...0.01, using: &random))
                    )
                )
            )
            var found: Set<Int> = []
            index.candidates(at: point) { area in
                #expect(found.insert(area).inserted, "area \(area) came twice")
            }
            for (number, shape) in shapes.enumerated() where shape.contains(point) {
                hits += 1
                #expect(found.contains(number), "seed \(seed): \(shape) contains \(point)")
            }
        }
        #expect(hits > 500)
        for (number, shape) in shapes.enumerated() { index.remove(number, shape) }
        index.candidates(at: try #require(GeoPoint(latitude: 0, longitude: 0))) {
            Issue.record("area \($0) is still there")
        }
    }

    private func pow10(_ exponent: Double) -> Double {
        var result = 1.0
        for _ in 0..<Int(exponent) { result *= 10 }
        return result * (1 + (exponent - exponent.rounded(.down)) * 9)
    }
}
