package import MECModel

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Metres east and north of a scenario's origin.
package struct PlanePoint: Sendable, Hashable, BitwiseCopyable {
    package var x: Double
    package var y: Double

    package init(x: Double, y: Double) {
        self.x = x
        self.y = y
    }

    package func distance(to other: PlanePoint) -> Double {
        let dx = other.x - x
        let dy = other.y - y
        return (dx * dx + dy * dy).squareRoot()
    }
}

/// A flat map of a city's surroundings.
///
/// Degrees become metres by the two radii of curvature of WGS 84 at the origin. Within 30 km of it the
/// error stays below one metre in a kilometre, which is less than a radio model knows.
package struct LocalPlane: Sendable {
    package let origin: GeoPoint
    private let metresPerDegreeEast: Double
    private let metresPerDegreeNorth: Double

    /// How far from the origin a place may be, metres.
    package static let reachMetres = 500_000.0

    package init(origin: GeoPoint) {
        self.origin = origin
        let semiMajor = 6_378_137.0
        let eccentricity2 = 6.694_379_990_14e-3
        let phi = origin.latitude * Double.pi / 180
        let w = 1 - eccentricity2 * sin(phi) * sin(phi)
        let meridional = semiMajor * (1 - eccentricity2) / (w * w.squareRoot())
        let primeVertical = semiMajor / w.squareRoot()
        metresPerDegreeNorth = meridional * Double.pi / 180
        // Never 0, so that the way back exists even at a pole.
        metresPerDegreeEast = max(1e-3, primeVertical * cos(phi)) * Double.pi / 180
    }

    package func point(_ place: GeoPoint) -> PlanePoint {
        var turn = place.longitude - origin.longitude
        if turn > 180 { turn -= 360 }
        if turn < -180 { turn += 360 }
        return PlanePoint(
            x: turn * metresPerDegreeEast,
            y: (place.latitude - origin.latitude) * metresPerDegreeNorth
        )
    }

    /// The place on the globe; clamped at the poles.
    @inline(__always)
    package func place(_ point: PlanePoint) -> GeoPoint {
        var longitude = origin.longitude + point.x / metresPerDegreeEast
        if longitude > 180 { longitude -= 360 }
        if longitude < -180 { longitude += 360 }
        let latitude = max(-90, min(90, origin.latitude + point.y / metresPerDegreeNorth))
        return GeoPoint(latitude: latitude, longitude: max(-180, min(180, longitude))) ?? origin
    }

    package func reaches(_ point: PlanePoint) -> Bool {
        abs(point.x) <= Self.reachMetres && abs(point.y) <= Self.reachMetres
    }
}
