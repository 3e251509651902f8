import MECModel
import RadioFeed
import Testing

@Suite struct TravelPathTests {
    private let square = [
        PlanePoint(x: 0, y: 0), PlanePoint(x: 100, y: 0), PlanePoint(x: 100, y: 100),
        PlanePoint(x: 0, y: 100),
    ]

    private func place(_ path: TravelPath, _ seconds: Double) -> (Double, Double) {
        var cursor: Int32 = 0
        let moment = path.moment(at: seconds, cursor: &cursor)
        return (moment.point.x.rounded(), moment.point.y.rounded())
    }

    @Test func `a loop returns to its first point`() {
        let path = TravelPath(points: square, speed: 10, end: .loop)
        #expect(path.period == 40)
        #expect(place(path, 0) == (0, 0))
        #expect(place(path, 15) == (100, 50))
        #expect(place(path, 35) == (0, 50))
        #expect(place(path, 40) == (0, 0))
        #expect(place(path, 4015) == (100, 50))
        #expect(place(path, -5) == (0, 50))
    }

    @Test func `a reversed path goes back the way it came`() {
        let path = TravelPath(points: square, speed: 10, end: .reverse)
        #expect(path.period == 60)
        #expect(place(path, 30) == (0, 100))
        #expect(place(path, 45) == (100, 50))
        #expect(place(path, 60) == (0, 0))
    }

    @Test func `a path that stops stays at its end`() {
        let path = TravelPath(points: square, speed: 10, end: .stop)
        #expect(place(path, 1_000_000) == (0, 100))
    }

    @Test func `halts take their time, in both directions`() {
        let path = TravelPath(
            points: square,
            speed: 10,
            end: .reverse,
            halts: [TravelPath.Halt(point: 1, seconds: 5)]
        )
        #expect(path.period == 70)
        #expect(place(path, 12) == (100, 0))
        #expect(place(path, 15) == (100, 0))
        #expect(place(path, 20) == (100, 50))
        var cursor: Int32 = 0
        #expect(path.moment(at: 12, cursor: &cursor).speed == 0)
        #expect(path.moment(at: 20, cursor: &cursor).speed == 10)
    }

    @Test func `one point, no speed and repeated points stand still`() {
        #expect(!TravelPath(points: [square[0]], speed: 10, end: .loop).isMoving)
        #expect(!TravelPath(points: square, speed: 0, end: .loop).isMoving)
        #expect(!TravelPath(points: [square[1], square[1]], speed: 5, end: .loop).isMoving)
        #expect(place(TravelPath(points: square, speed: 0, end: .loop), 99) == (0, 0))
    }

    @Test func `the place does not depend on the cursor`() {
        let path = TravelPath(points: square, speed: 7, end: .loop)
        var cursor: Int32 = 0
        for step in stride(from: 200.0, through: 0, by: -3.3) {
            let here = path.moment(at: step, cursor: &cursor).point
            var fresh: Int32 = 0
            #expect(path.moment(at: step, cursor: &fresh).point == here)
        }
    }

    @Test func `degrees become metres and come back`() throws {
        let monaco = LocalPlane(origin: try #require(GeoPoint(latitude: 43.7384, longitude: 7.4246)))
        // One degree of latitude at 43.7° is 111.11 km, of longitude 80.52 km on WGS 84.
        let north = monaco.point(try #require(GeoPoint(latitude: 44.7384, longitude: 7.4246)))
        let east = monaco.point(try #require(GeoPoint(latitude: 43.7384, longitude: 8.4246)))
        #expect(abs(north.y - 111_108) < 30)
        #expect(abs(east.x - 80_530) < 30)
        let back = monaco.place(PlanePoint(x: 1234.5, y: -987.6))
        let again = monaco.point(back)
        #expect(abs(again.x - 1234.5) < 1e-6)
        #expect(abs(again.y + 987.6) < 1e-6)
        // Across the date line and at the pole nothing breaks.
        let fiji = LocalPlane(origin: try #require(GeoPoint(latitude: -17, longitude: 179.9)))
        #expect(abs(fiji.point(try #require(GeoPoint(latitude: -17, longitude: -179.9))).x - 21_300) < 100)
        let pole = LocalPlane(origin: try #require(GeoPoint(latitude: 90, longitude: 0)))
        #expect(pole.place(PlanePoint(x: 100, y: 100)).latitude == 90)
    }
}
