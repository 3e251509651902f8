#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif
package import MECModel

/// Distances on the globe, taken as a sphere of the mean Earth radius: at most 0.6 % off the ellipsoid.
package enum Geodesy {
    /// Metres, IUGG mean radius.
    package static let earthRadius = 6_371_008.8

    /// Metres between two places along the great circle.
    package static func distance(_ a: GeoPoint, _ b: GeoPoint) -> Double {
        let radians = Double.pi / 180
        let sinLatitude = sin((b.latitude - a.latitude) * radians / 2)
        let sinLongitude = sin((b.longitude - a.longitude) * radians / 2)
        let haversine =
            sinLatitude * sinLatitude
            + cos(a.latitude * radians) * cos(b.latitude * radians) * sinLongitude * sinLongitude
        return 2 * earthRadius * asin(min(1, haversine.squareRoot()))
    }

    /// Degrees of latitude that `metres` span.
    static func degrees(_ metres: Double) -> Double { metres / earthRadius * 180 / .pi }

    /// A difference of longitudes, -180…180.
    static func wrapped(_ degrees: Double) -> Double {
        let turned = degrees.truncatingRemainder(dividingBy: 360)
        return turned > 180 ? turned - 360 : turned < -180 ? turned + 360 : turned
    }
}
