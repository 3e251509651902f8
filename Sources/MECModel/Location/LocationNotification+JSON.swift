extension LocationNotification {
    /// Writes the body of MEC 013 6.4 with `href` as `_links.subscription`.
    ///
    /// ETSI's file asks for `_links.self` where the GS has `_links.subscription`; both stand there.
    package func writeJSON(to writer: inout JSONWriter, subscription href: String) {
        writer.beginObject()
        writer.member("notificationType", event.notificationType)
        writer.member("timeStamp", timeStamp)
        switch self {
        case .userLocationEvent(let body):
            writer.member("address", body.address)
            writer.member("userLocationEvent", body.event.rawValue)
            writer.member("zoneId", body.zoneId)
            writer.member("accessPointId", body.accessPointId)
            writer.member("locationInfo", body.locationInfo)
        case .userLocationPeriodic(let body):
            writer.member("address", body.address)
            writer.member("result", body.result.rawValue)
            if body.isFinalNotification { writer.member("isFinalNotification", true) }
            writer.member("zoneId", body.zoneId)
            writer.member("accessPointId", body.accessPointId)
            writer.member("locationInfo", body.locationInfo)
        case .zoneLocationEvent(let body):
            writer.member("address", body.address)
            writer.member("userLocationEvent", body.event.rawValue)
            writer.member("zoneId", body.zoneId)
        case .zoneStatus(let body):
            writer.member("zoneId", body.zoneId)
            writer.member("accessPointId", body.accessPointId)
            writer.member("operationStatus", body.operationStatus?.text)
            writer.member("userNumEvent", body.userNumEvent?.rawValue)
        case .userArea(let body):
            writer.member("address", body.address)
            writer.member("userLocationEvent", body.event.rawValue)
            writer.member("locationInfo", body.locationInfo)
        case .userDistance(let body):
            writer.beginObject("monitoredUsers")
            writer.beginArray("user")
            for user in body.monitoredUsers { user.writeJSON(to: &writer, base: "/location/v3") }
            writer.endArray()
            writer.member("resourceURL", literal: "/location/v3/queries/users")
            writer.endObject()
            writer.member("distanceEvent", body.distanceEvent.rawValue)
        }
        NotificationLinks.write(href, to: &writer, withSelf: true)
        writer.endObject()
    }
}

extension JSONWriter {
    /// LocationInfo, MEC 013 6.5: a circle of uncertainty where the accuracy is known, a point otherwise.
    package mutating func member(_ name: StaticString, _ location: LocationInfo?) {
        guard let location else { return }
        beginObject(name)
        beginArray("latitude")
        value(location.point.latitude, decimals: 7)
        endArray()
        beginArray("longitude")
        value(location.point.longitude, decimals: 7)
        endArray()
        // 2 ellipsoid point, 5 ellipsoid point with uncertainty circle, TS 23.032.
        member("shape", location.accuracy == nil ? 2 : 5)
        member("accuracy", location.accuracy.flatMap { Int(exactly: $0.rounded(.up)) })
        if let speed = location.speed, let bearing = location.bearing {
            beginObject("velocity")
            member("velocityType", 1)
            member("bearing", Int(exactly: bearing.rounded()))
            // The GS wants km/h.
            member("horizontalSpeed", Int(exactly: (speed * 3.6).rounded()))
            endObject()
        }
        endObject()
    }
}

extension UserInfo {
    /// The body of MEC 013 6.2; `base` precedes `/queries` in the resource's URL.
    package func writeJSON(to writer: inout JSONWriter, base: String) {
        writer.beginObject()
        writer.member("address", address)
        writer.member("accessPointId", accessPointId)
        writer.member("zoneId", zoneId)
        writer.member("resourceURL", "\(base)/queries/users?address=\(address)")
        writer.member("timestamp", timestamp)
        writer.member("locationInfo", locationInfo)
        writer.endObject()
    }
}

extension ZoneInfo {
    /// The body of MEC 013 6.2.
    package func writeJSON(to writer: inout JSONWriter, base: String) {
        writer.beginObject()
        writer.member("zoneId", zoneId)
        writer.member("numberOfAccessPoints", numberOfAccessPoints)
        writer.member("numberOfUnserviceableAccessPoints", numberOfUnserviceableAccessPoints)
        writer.member("numberOfUsers", numberOfUsers)
        writer.member("resourceURL", "\(base)/queries/zones/\(zoneId)")
        writer.endObject()
    }
}

extension AccessPointInfo {
    /// The body of MEC 013 6.2.
    package func writeJSON(to writer: inout JSONWriter, base: String) {
        writer.beginObject()
        writer.member("accessPointId", accessPointId)
        if let position {
            writer.beginObject("locationInfo")
            writer.beginArray("latitude")
            writer.value(position.latitude, decimals: 7)
            writer.endArray()
            writer.beginArray("longitude")
            writer.value(position.longitude, decimals: 7)
            writer.endArray()
            writer.member("shape", 2)
            writer.endObject()
        }
        writer.member("connectionType", access.connectionType)
        writer.member("operationStatus", operationStatus.text)
        writer.member("numberOfUsers", numberOfUsers)
        writer.member("resourceURL", "\(base)/queries/zones/\(zoneId)/accessPoints/\(accessPointId)")
        writer.endObject()
    }
}
