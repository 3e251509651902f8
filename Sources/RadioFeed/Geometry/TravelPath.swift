/// What a terminal does at the end of its path.
package enum PathEnd: String, Sendable, Hashable, CaseIterable {
    /// Goes on to the first point; AdvantEDGE `LOOP`.
    case loop
    /// Goes back the way it came; AdvantEDGE `REVERSE`.
    case reverse
    /// Stays there.
    case stop
}

/// A way through the plane at a constant speed, with halts.
///
/// The place is a function of time alone: nobody steps along it, so it does not matter how often or
/// how rarely it is asked, and a terminal may start anywhere on the way.
package struct TravelPath: Sendable {
    /// Points in the order of one turn; for `reverse` there and back.
    private let points: [PlanePoint]
    /// Seconds after the start of a turn at which a point is reached; one more entry ends the turn.
    private let arrivals: [Double]
    /// Seconds of halt at each point.
    private let halts: [Double]
    private let end: PathEnd
    /// Metres per second.
    package let speed: Double

    package struct Halt: Sendable, Hashable {
        /// Place in the list of points.
        package var point: Int
        /// Seconds.
        package var seconds: Double

        package init(point: Int, seconds: Double) {
            self.point = point
            self.seconds = seconds
        }
    }

    /// A place, a speed and a direction.
    package struct Moment: Sendable {
        package var point: PlanePoint
        /// Metres per second; 0 while halting.
        package var speed: Double
        /// Unit vector of the movement; (0, 0) while halting.
        package var directionX: Double
        package var directionY: Double
    }

    /// - Parameters:
    ///   - points: At least one. One point, or a speed of 0, stands still.
    ///   - speed: Metres per second, 0 or more.
    package init(points: [PlanePoint], speed: Double, end: PathEnd, halts: [Halt] = []) {
        precondition(!points.isEmpty, "a path has at least one point")
        var way: [PlanePoint] = []
        var stay: [Double] = []
        let haltAt = Dictionary(halts.map { ($0.point, max(0, $0.seconds)) }, uniquingKeysWith: +)
        for (place, point) in points.enumerated() {
            if let last = way.last, last.distance(to: point) < 0.01 {
                stay[stay.count - 1] += haltAt[place] ?? 0
                continue
            }
            way.append(point)
            stay.append(haltAt[place] ?? 0)
        }
        if end == .reverse, way.count > 2 {
            way += way.dropFirst().dropLast().reversed()
            stay += stay.dropFirst().dropLast().reversed()
        }
        let moves = way.count > 1 && speed > 0
        self.speed = moves ? speed : 0
        self.points = moves ? way : [way[0]]
        self.halts = moves ? stay : [0]
        self.end = end
        var times: [Double] = [0]
        if moves {
            let legs = end == .stop ? way.count - 1 : way.count
            for leg in 0..<legs {
                let distance = way[leg].distance(to: way[(leg + 1) % way.count])
                times.append(times[leg] + stay[leg] + distance / speed)
            }
        }
        arrivals = times
    }

    /// Seconds of one turn; 0 for what stands still.
    package var period: Double { arrivals[arrivals.count - 1] }
    package var isMoving: Bool { period > 0 }

    /// Where the terminal is `seconds` after it set out. `cursor` remembers the leg between calls.
    @inline(__always)
    package func moment(at seconds: Double, cursor: inout Int32) -> Moment {
        guard period > 0 else {
            return Moment(point: points[0], speed: 0, directionX: 0, directionY: 0)
        }
        let time: Double
        if end == .stop {
            time = max(0, min(seconds, period))
        } else {
            time = seconds - (seconds / period).rounded(.down) * period
        }
        var leg = Int(cursor)
        if leg >= arrivals.count - 1 || arrivals[leg] > time { leg = 0 }
        while leg < arrivals.count - 2, arrivals[leg + 1] <= time { leg += 1 }
        cursor = Int32(leg)
        let from = points[leg]
        let to = points[leg + 1 < points.count ? leg + 1 : 0]
        let departure = arrivals[leg] + halts[leg]
        guard time > departure, time < arrivals[leg + 1] else {
            let stands = time <= departure ? from : to
            return Moment(point: stands, speed: 0, directionX: 0, directionY: 0)
        }
        let length = from.distance(to: to)
        let along = (time - departure) * speed
        let ux = (to.x - from.x) / length
        let uy = (to.y - from.y) / length
        return Moment(
            point: PlanePoint(x: from.x + ux * along, y: from.y + uy * along),
            speed: speed,
            directionX: ux,
            directionY: uy
        )
    }
}
