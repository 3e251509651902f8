import MECModel
import Yams

/// Scenario files of AdvantEDGE, read as they are.
///
/// What the file says is taken: zones, points of access with cellId or macId and place, terminals with
/// path, speed and what happens at its end. Signal strength is not in it, so the radio follows from
/// the reach: a point of access sends as strongly as it must for -100 dBm (RSRP) without line of sight
/// at its `radius`, -75 dBm over the channel for Wi-Fi. For 400 m at 1.8 GHz that comes to 46 dBm, for
/// 100 m at 3.6 GHz to 35 dBm: a macro and a small cell. Unknown keys are AdvantEDGE's own and skipped.
enum AdvantEDGEFile {
    /// RSRP in dBm at the planned reach.
    static let edgeLevel: Float = -100
    /// RSSI in dBm at a Wi-Fi access point's reach.
    static let wifiEdgeLevel: Float = -75

    static func read(
        _ document: YAMLDocument,
        root: YAMLMap,
        limits: Scenario.Limits
    ) throws(ScenarioError) -> Scenario {
        var reader = AdvantEDGEReader(document: document, limits: limits)
        return try reader.read(root)
    }
}

struct AdvantEDGEReader {
    let document: YAMLDocument
    let limits: Scenario.Limits
    private var scenario = Scenario(name: "")
    private var identities: Set<CellIdentity> = []
    private var terminalNames: Set<String> = []

    init(document: YAMLDocument, limits: Scenario.Limits) {
        self.document = document
        self.limits = limits
    }

    mutating func read(_ root: YAMLMap) throws(ScenarioError) -> Scenario {
        scenario.name = try root.string("name") ?? "advantedge"
        let deployment = try document.map(root.require("deployment"), "the deployment")
        for node in try deployment.list("domains") ?? [] {
            let domain = try document.map(node, "a domain")
            let plmn = try readPlmn(domain)
            for node in try domain.list("zones") ?? [] {
                try readZone(document.map(node, "a zone"), plmn: plmn)
            }
        }
        guard !scenario.cells.isEmpty else {
            throw document.fail(
                root.node,
                "the scenario has no point of access with a cellId or macId and a place"
            )
        }
        return scenario
    }

    private func readPlmn(_ domain: YAMLMap) throws(ScenarioError) -> Plmn? {
        guard let node = domain["cellularDomainConfig"] else { return nil }
        let config = try document.map(node, "cellularDomainConfig")
        guard let mcc = try config.string("mcc"), let mnc = try config.string("mnc") else { return nil }
        guard let plmn = Plmn(mcc: mcc, mnc: mnc) else {
            throw document.fail(node, "\(mcc)/\(mnc) is no mobile country and network code")
        }
        return plmn
    }

    private mutating func readZone(_ zone: YAMLMap, plmn: Plmn?) throws(ScenarioError) {
        // COMMON zones hold what is everywhere (the cloud, the core); they have no coverage.
        guard try zone.string("type") == "ZONE" else { return }
        let locations = try zone.list("networkLocations") ?? []
        var place: Int?
        for node in locations {
            let location = try document.map(node, "a network location")
            let type = try location.string("type") ?? ""
            let position = try readPosition(location)
            if type.hasPrefix("POA") {
                if place == nil { place = try addZone(zone) }
                try readPointOfAccess(location, type: type, zone: place, plmn: plmn)
            }
            for node in try location.list("physicalLocations") ?? [] {
                let physical = try document.map(node, "a physical location")
                guard try physical.string("type") == "UE" else { continue }
                try readTerminal(physical, parent: position)
            }
        }
    }

    private mutating func addZone(_ zone: YAMLMap) throws(ScenarioError) -> Int {
        let id = try zone.requireString("name")
        guard scenario.zones.count < limits.zones else {
            throw document.fail(
                zone.node,
                "more than \(limits.zones) zones; scenario.limits.zones sets that limit"
            )
        }
        scenario.zones.append(Scenario.Zone(id: id))
        return scenario.zones.count - 1
    }

    // MARK: - Points of access

    private mutating func readPointOfAccess(
        _ location: YAMLMap,
        type: String,
        zone: Int?,
        plmn: Plmn?
    ) throws(ScenarioError) {
        let name = try location.requireString("name")
        let access: RadioAccess
        let configKey: String
        switch type {
        case "POA-4G": (access, configKey) = (.eutra, "poa4GConfig")
        case "POA-CELLULAR": (access, configKey) = (.eutra, "cellularPoaConfig")
        case "POA-5G": (access, configKey) = (.nr, "poa5GConfig")
        case "POA-WIFI": (access, configKey) = (.wifi, "poaWifiConfig")
        default:
            warn(
                .unused,
                location.node,
                "the point of access \"\(name)\" is of type \(type), which names no radio; it is left out"
            )
            return
        }
        guard let position = try readPosition(location) else {
            warn(
                .missingField,
                location.node,
                "the point of access \"\(name)\" has no geoData.location; it is left out"
            )
            return
        }
        guard let node = location[configKey] else {
            warn(
                .missingField,
                location.node,
                "the point of access \"\(name)\" has no \(configKey); it is left out"
            )
            return
        }
        let config = try document.map(node, configKey)
        let text = try config.string(access == .wifi ? "macId" : "cellId") ?? ""
        guard let identity = Names.identity(text, access, plmn) else {
            warn(
                .cellOutOfRange,
                node,
                "the point of access \"\(name)\" has the identity \"\(text)\", which is none; it is left out"
            )
            return
        }
        guard identities.insert(identity).inserted else {
            warn(
                .cellOutOfRange,
                node,
                "the point of access \"\(name)\" repeats the identity \(identity); it is left out"
            )
            return
        }
        guard scenario.cells.count < limits.cells else {
            throw document.fail(
                node,
                "more than \(limits.cells) cells; scenario.limits.cells sets that limit"
            )
        }
        let geoData = try document.map(location.require("geoData"), "geoData")
        let radius = try geoData.number("radius", in: 1...200_000) ?? (access == .eutra ? 400 : 100)
        try addCell(name, identity, position, zone: zone, radius: radius, node: location.node)
    }

    private mutating func addCell(
        _ name: String,
        _ identity: CellIdentity,
        _ position: GeoPoint,
        zone: Int?,
        radius: Double,
        node: Node
    ) throws(ScenarioError) {
        let access = identity.access
        // Above 200 m of reach an antenna stands on the roofs.
        let propagation: PropagationModel = access != .wifi && radius > 200 ? .urbanMacro : .urbanMicro
        let height: Float = access == .wifi ? 5 : propagation == .urbanMacro ? 25 : 10
        let frequency = Names.defaultFrequency(access)
        guard
            let carrier = Carrier(
                access: access,
                frequencyMHz: frequency,
                bandwidthMHz: Names.defaultBandwidth(access, frequency)
            )
        else { throw document.fail(node, "no carrier for \"\(name)\"") }
        var cell = Scenario.Cell(
            name: name,
            identity: identity,
            site: scenario.sites.count,
            zone: zone,
            carrier: carrier,
            power: power(carrier, propagation, height: height, radius: Float(radius)),
            antenna: .omnidirectional()
        )
        cell.radius = radius
        if access == .eutra { cell.arfcn = ChannelNumber.earfcn(frequencyMHz: frequency) }
        if access == .nr { cell.arfcn = ChannelNumber.nrArfcn(frequencyMHz: frequency) }
        scenario.sites.append(
            Scenario.Site(name: name, position: position, height: height, propagation: propagation)
        )
        scenario.cells.append(cell)
    }

    /// dBm in all that give the edge level at the planned reach without line of sight.
    private func power(_ carrier: Carrier, _ model: PropagationModel, height: Float, radius: Float) -> Float {
        let loss = PathLoss(frequencyGHz: carrier.frequencyMHz / 1000).obstructed(
            model,
            PathLoss.Geometry(
                distance2D: radius,
                baseHeight: height,
                terminalHeight: TerminalHeight(metres: 1.5)
            )
        )
        let gain = Antenna.omnidirectional().gain
        if carrier.access == .wifi { return min(30, AdvantEDGEFile.wifiEdgeLevel + loss - gain) }
        return min(55, AdvantEDGEFile.edgeLevel + loss - gain + FastMath.decibels(carrier.subcarriers))
    }

    // MARK: - Terminals

    private mutating func readTerminal(_ physical: YAMLMap, parent: GeoPoint?) throws(ScenarioError) {
        let name = try physical.requireString("name")
        guard Names.isTopicLevel(name), terminalNames.insert(name).inserted else {
            warn(
                .malformed,
                physical.node,
                "the terminal name \"\(name)\" is taken or no topic level; it is left out"
            )
            return
        }
        guard scenario.terminals.count < limits.terminals else {
            throw document.fail(
                physical.node,
                "more than \(limits.terminals) terminals; scenario.limits.terminals sets that limit"
            )
        }
        var path: [GeoPoint] = []
        var end = PathEnd.loop
        var speed = 0.0
        if let node = physical["geoData"] {
            let geoData = try document.map(node, "geoData")
            if let node = geoData["path"] { path = try readCoordinates(document.map(node, "a path")) }
            if try geoData.string("eopMode") == "REVERSE" { end = .reverse }
            speed = try geoData.number("velocity", in: 0...400) ?? 0
        }
        if path.isEmpty, let position = try readPosition(physical) { path = [position] }
        if path.isEmpty {
            guard let parent else {
                warn(
                    .missingField,
                    physical.node,
                    "the terminal \"\(name)\" has no place, nor has its point of access; it is left out"
                )
                return
            }
            warn(
                .missingField,
                physical.node,
                "the terminal \"\(name)\" has no place; it stands at its point of access"
            )
            path = [parent]
        }
        let kind = try kind(physical, speed: path.count > 1 ? speed : 0)
        var terminal = Scenario.Terminal(name: name, kind: kind, path: path)
        terminal.speed = speed
        terminal.pathEnd = end
        terminal.capabilities = try capabilities(physical)
        if let address = IPAddress(name) { terminal.addresses = [address] }
        scenario.terminals.append(terminal)
    }

    /// By the icon that AdvantEDGE shows, else by speed.
    private func kind(_ physical: YAMLMap, speed: Double) throws(ScenarioError) -> TerminalKind {
        if let node = physical["meta"] {
            switch try document.map(node, "meta").string("display.map.icon") {
            case "ion-android-walk": return .pedestrian
            case "ion-android-car": return .car
            case "ion-ios-videocam": return .camera
            default: break
            }
        }
        return speed == 0 ? .sensor : speed > 10 ? .car : .pedestrian
    }

    private func capabilities(_ physical: YAMLMap) throws(ScenarioError) -> Scenario.Capabilities {
        guard let text = try physical.string("wirelessType"), !text.isEmpty else {
            return [.eutra, .nr, .wifi]
        }
        var capabilities: Scenario.Capabilities = []
        for word in text.split(separator: ",") {
            switch word {
            case "wifi": capabilities.insert(.wifi)
            case "5g": capabilities.insert(.nr)
            case "4g": capabilities.insert(.eutra)
            default: break
            }
        }
        return capabilities
    }

    // MARK: - Geometry

    private func readPosition(_ map: YAMLMap) throws(ScenarioError) -> GeoPoint? {
        guard let node = map["geoData"] else { return nil }
        guard let node = try document.map(node, "geoData")["location"] else { return nil }
        let location = try document.map(node, "a location")
        guard let pair = try location.list("coordinates") else { return nil }
        return try point(pair, node)
    }

    private func readCoordinates(_ path: YAMLMap) throws(ScenarioError) -> [GeoPoint] {
        let list = try path.list("coordinates") ?? []
        guard list.count <= limits.pointsInPath else {
            throw document.fail(
                path.node,
                "more than \(limits.pointsInPath) points; scenario.limits.pointsInPath sets that limit"
            )
        }
        var points: [GeoPoint] = []
        for node in list {
            guard case .sequence(let pair) = node else {
                throw document.fail(
                    node,
                    "a position is [longitude, latitude], found \(YAMLDocument.kind(node))"
                )
            }
            points.append(try point(Array(pair), node))
        }
        return points
    }

    private func point(_ pair: [Node], _ node: Node) throws(ScenarioError) -> GeoPoint {
        guard pair.count >= 2 else { throw document.fail(node, "a position has longitude and latitude") }
        let longitude = try document.number(pair[0], "the longitude", in: -180...180)
        let latitude = try document.number(pair[1], "the latitude", in: -90...90)
        guard let point = GeoPoint(latitude: latitude, longitude: longitude) else {
            throw document.fail(node, "a position off the globe: \(longitude), \(latitude)")
        }
        return point
    }

    private mutating func warn(_ reason: FeedWarning.Reason, _ node: Node, _ message: String) {
        let place = "\(document.file):\(node.mark?.line ?? 0)"
        scenario.warnings.append(FeedWarning(reason, at: place, message))
    }
}
