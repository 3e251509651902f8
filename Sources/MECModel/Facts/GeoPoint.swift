/// A place on the globe, WGS 84.
package struct GeoPoint: Hashable, Sendable, BitwiseCopyable {
    /// Degrees, -90…90, north positive.
    package let latitude: Double
    /// Degrees, -180…180, east positive.
    package let longitude: Double

    /// - Returns: `nil` for a place off the globe or a number that is none.
    package init?(latitude: Double, longitude: Double) {
        guard latitude >= -90, latitude <= 90, longitude >= -180, longitude <= 180 else { return nil }
        self.latitude = latitude
        self.longitude = longitude
    }
}
