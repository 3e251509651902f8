#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif
package import MECModel

/// A circle or a polygon on the globe: AreaInfo, MEC 013 6.5.
package enum AreaShape: Hashable, Sendable {
    /// Radius in metres.
    case circle(center: GeoPoint, radius: Double)
    /// 3 to 15 corners; edges are straight in latitude and longitude. It may cross the 180th meridian.
    case polygon([GeoPoint])

    /// - Throws: What is wrong with `area`, by field.
    package init(_ area: AreaInfo) throws(SubscriptionFault) {
        var points: [GeoPoint] = []
        for (index, point) in area.points.enumerated() {
            guard let valid = GeoPoint(latitude: point.latitude, longitude: point.longitude) else {
                throw SubscriptionFault(
                    field: "areaDefine.points[\(index)]",
                    expected: "latitude -90 to 90 and longitude -180 to 180",
                    found: "\(point.latitude), \(point.longitude)"
                )
            }
            points.append(valid)
        }
        switch area.shape {
        case 1:
            guard points.count == 1 else {
                throw SubscriptionFault(
                    field: "areaDefine.points",
                    expected: "one point for a circle",
                    found: "\(points.count)"
                )
            }
            guard let radius = area.radius, radius > 0 else {
                throw SubscriptionFault(
                    field: "areaDefine.radius",
                    expected: "metres, above 0, for a circle",
                    found: area.radius.map(String.init) ?? "nothing"
                )
            }
            self = .circle(center: points[0], radius: Double(radius))
        case 2:
            guard (3...15).contains(points.count) else {
                throw SubscriptionFault(
                    field: "areaDefine.points",
                    expected: "3 to 15 points for a polygon",
                    found: "\(points.count)"
                )
            }
            self = .polygon(points)
        default:
            throw SubscriptionFault(
                field: "areaDefine.shape",
                expected: "1 (circle) or 2 (polygon)",
                found: "\(area.shape)"
            )
        }
    }

    package func contains(_ point: GeoPoint) -> Bool {
        switch self {
        case .circle(let center, let radius): Geodesy.distance(center, point) <= radius
        case .polygon(let corners): AreaShape.contains(point, corners)
        }
    }

    /// Counts the edges that a ray to the east crosses. A corner belongs to the edge that goes up from
    /// it, so that a point on the border of two polygons is in one of them.
    private static func contains(_ point: GeoPoint, _ corners: [GeoPoint]) -> Bool {
        guard let first = corners.first, var last = corners.last else { return false }
        // Longitudes relative to the first corner: the 180th meridian is no border then.
        let x = Geodesy.wrapped(point.longitude - first.longitude)
        var lastX = Geodesy.wrapped(last.longitude - first.longitude)
        var isInside = false
        for corner in corners {
            let cornerX = Geodesy.wrapped(corner.longitude - first.longitude)
            if (corner.latitude > point.latitude) != (last.latitude > point.latitude) {
                let along = (point.latitude - corner.latitude) / (last.latitude - corner.latitude)
                if x < cornerX + along * (lastX - cornerX) { isInside.toggle() }
            }
            last = corner
            lastX = cornerX
        }
        return isInside
    }

    /// `nil` where they would reach a pole or cross the 180th meridian.
    var bounds: AreaBounds? {
        switch self {
        case .circle(let center, let radius):
            // A little more than the circle: the index only has to find it.
            let latitudes = Geodesy.degrees(radius) * 1.001 + 1e-9
            let widest = max(abs(center.latitude - latitudes), abs(center.latitude + latitudes))
            guard widest < 89 else { return nil }
            let longitudes = latitudes / cos(widest * .pi / 180)
            let bounds = AreaBounds(
                south: center.latitude - latitudes,
                west: center.longitude - longitudes,
                north: center.latitude + latitudes,
                east: center.longitude + longitudes
            )
            return bounds.west >= -180 && bounds.east <= 180 ? bounds : nil
        case .polygon(let corners):
            let (latitudes, longitudes) = (corners.map(\.latitude), corners.map(\.longitude))
            guard let south = latitudes.min(), let north = latitudes.max(), let west = longitudes.min(),
                let east = longitudes.max(), east - west < 180
            else { return nil }
            return AreaBounds(south: south, west: west, north: north, east: east)
        }
    }
}

/// The latitudes and longitudes that an area lies between, in degrees.
struct AreaBounds: Sendable, BitwiseCopyable {
    var south: Double
    var west: Double
    var north: Double
    var east: Double

    @inline(__always)
    func contains(_ point: GeoPoint) -> Bool {
        point.latitude >= south && point.latitude <= north && point.longitude >= west
            && point.longitude <= east
    }
}
