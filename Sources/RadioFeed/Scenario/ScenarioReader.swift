import MECModel
import Yams

/// One reading of a file in Weir's format.
struct ScenarioReader {
    let document: YAMLDocument
    let limits: Scenario.Limits
    var scenario = Scenario(name: "")
    private var plmn: Plmn?
    private var zonePlaces: [String: Int] = [:]
    var paths: [String: [GeoPoint]] = [:]
    private var identities: [CellIdentity: Int] = [:]
    var terminalNames: Set<String> = []

    init(document: YAMLDocument, limits: Scenario.Limits) {
        self.document = document
        self.limits = limits
    }

    mutating func read(_ root: YAMLMap) throws(ScenarioError) -> Scenario {
        try root.allow([
            "scenario", "version", "seed", "plmn", "mobility", "zones", "paths", "sites", "terminals",
        ])
        scenario.name = try root.requireString("scenario")
        let version = try root.integer("version", in: 1...1_000_000) ?? 1
        guard version == 1 else {
            throw document.fail(root["version"], "this Weir reads version 1 of the format, found \(version)")
        }
        if let seed = try root.integer("seed", in: 0...Int.max) { scenario.seed = UInt64(seed) }
        plmn = try readPlmn(root)
        if let node = root["mobility"] {
            scenario.mobility = try MobilitySettings(document.map(node, "mobility"))
        }
        for node in try root.list("zones") ?? [] { try readZone(node) }
        if let node = root["paths"] { try readPaths(node) }
        for node in try root.list("sites") ?? [] { try readSite(node) }
        for node in try root.list("terminals") ?? [] { try readTerminals(node) }
        guard !scenario.cells.isEmpty else { throw document.fail(root.node, "the scenario has no cells") }
        return scenario
    }

    private func readPlmn(_ map: YAMLMap) throws(ScenarioError) -> Plmn? {
        guard let text = try map.string("plmn") else { return nil }
        guard let plmn = Plmn(text) else {
            throw document.fail(
                map["plmn"],
                "\"plmn\" is the mobile country and network code in five or six digits, found \"\(text)\""
            )
        }
        return plmn
    }

    // MARK: - Zones and paths

    private mutating func readZone(_ node: Node) throws(ScenarioError) {
        guard let id = node.scalar?.string, Names.isTopicLevel(id) else {
            throw document.fail(node, "a zone is a name of 1 to 64 characters without / + # and spaces")
        }
        guard zonePlaces[id] == nil else { throw document.fail(node, "the zone \"\(id)\" was there already") }
        guard scenario.zones.count < limits.zones else { throw tooMany("zones", limits.zones, node) }
        zonePlaces[id] = scenario.zones.count
        scenario.zones.append(Scenario.Zone(id: id))
    }

    private mutating func readPaths(_ node: Node) throws(ScenarioError) {
        let map = try document.map(node, "paths")
        for (name, key) in map.keys {
            guard let points = try map.list(name), !points.isEmpty else {
                throw document.fail(key, "the path \"\(name)\" is a list of [longitude, latitude]")
            }
            guard points.count <= limits.pointsInPath else {
                throw tooMany("points", limits.pointsInPath, key)
            }
            var way: [GeoPoint] = []
            for point in points { way.append(try readPoint(point)) }
            paths[name] = way
        }
    }

    func readPoint(_ node: Node) throws(ScenarioError) -> GeoPoint {
        guard case .sequence(let pair) = node, pair.count == 2 else {
            throw document.fail(node, "a place is [longitude, latitude], found \(YAMLDocument.kind(node))")
        }
        let longitude = try document.number(pair[0], "the longitude", in: -180...180)
        let latitude = try document.number(pair[1], "the latitude", in: -90...90)
        guard let point = GeoPoint(latitude: latitude, longitude: longitude) else {
            throw document.fail(node, "a place off the globe: \(longitude), \(latitude)")
        }
        return point
    }

    // MARK: - Sites and cells

    private mutating func readSite(_ node: Node) throws(ScenarioError) {
        let map = try document.map(node, "a site")
        try map.allow(["name", "at", "height", "propagation", "zone", "cells"])
        guard scenario.sites.count < limits.sites else { throw tooMany("sites", limits.sites, node) }
        let propagation: PropagationModel =
            try map.choice("propagation", [("uma", .urbanMacro), ("umi", .urbanMicro)]) ?? .urbanMicro
        let height = try map.number("height", in: 1...500) ?? (propagation == .urbanMacro ? 25 : 10)
        let site = Scenario.Site(
            name: try map.requireString("name"),
            position: try readPoint(map.require("at")),
            height: Float(height),
            propagation: propagation
        )
        let zone = try zonePlace(map)
        scenario.sites.append(site)
        guard let cells = try map.list("cells"), !cells.isEmpty else {
            throw document.fail(node, "the site \"\(site.name)\" needs \"cells\"")
        }
        for (number, cell) in cells.enumerated() {
            try readCell(cell, number: number + 1, zone: zone)
        }
    }

    private func zonePlace(_ map: YAMLMap) throws(ScenarioError) -> Int? {
        guard let name = try map.string("zone") else { return nil }
        guard let place = zonePlaces[name] else {
            throw document.fail(map["zone"], "no zone \"\(name)\"; \"zones\" lists them")
        }
        return place
    }

    private mutating func readCell(_ node: Node, number: Int, zone: Int?) throws(ScenarioError) {
        let map = try document.map(node, "a cell")
        try map.allow([
            "id", "access", "name", "frequency", "arfcn", "bandwidth", "power", "gain", "azimuth", "tilt",
            "beamwidth", "pci", "radius", "load", "terminals-max", "zone", "plmn",
        ])
        guard scenario.cells.count < limits.cells else { throw tooMany("cells", limits.cells, node) }
        let site = scenario.sites[scenario.sites.count - 1]
        let access = try map.choice("access", Names.accesses) ?? .eutra
        let (carrier, arfcn) = try readCarrier(map, access)
        var cell = Scenario.Cell(
            name: try map.string("name") ?? "\(site.name)-\(number)",
            identity: try readIdentity(map, access),
            site: scenario.sites.count - 1,
            zone: try zonePlace(map) ?? zone,
            carrier: carrier,
            power: Float(
                try map.number("power", in: -30...60) ?? Names.defaultPower(access, site.propagation)
            ),
            antenna: try readAntenna(map)
        )
        cell.arfcn = arfcn
        let pciMax = access == .nr ? 1007 : 503
        if let pci = try map.integer("pci", in: 0...pciMax) { cell.physicalCellId = UInt16(pci) }
        cell.radius = try map.number("radius", in: 1...200_000)
        if let load = try map.number("load", in: 0...1) { cell.backgroundLoad = Float(load) }
        if let most = try map.integer("terminals-max", in: 0...1_000_000) { cell.terminalsMax = most }
        if access == .wifi { cell.physicalCellId = nil }
        scenario.cells.append(cell)
    }

    private func readCarrier(_ map: YAMLMap, _ access: RadioAccess) throws(ScenarioError) -> (
        Carrier, UInt32?
    ) {
        var frequency = try map.number("frequency", in: 400...100_000).map { Float($0) }
        var arfcn = try map.integer("arfcn", in: 0...3_279_165).map { UInt32($0) }
        if let arfcn {
            let of =
                access == .nr
                ? ChannelNumber.frequency(nrArfcn: arfcn) : ChannelNumber.frequency(earfcn: arfcn)
            guard let of, access != .wifi else {
                throw document.fail(
                    map["arfcn"],
                    "\(arfcn) is no channel number of a known band; give \"frequency\" in MHz"
                )
            }
            frequency = frequency ?? of
        }
        let chosen = frequency ?? Names.defaultFrequency(access)
        if arfcn == nil, access == .eutra { arfcn = ChannelNumber.earfcn(frequencyMHz: chosen) }
        if arfcn == nil, access == .nr { arfcn = ChannelNumber.nrArfcn(frequencyMHz: chosen) }
        let bandwidth =
            try map.number("bandwidth", in: 1...400).map { Float($0) }
            ?? Names.defaultBandwidth(access, chosen)
        guard let carrier = Carrier(access: access, frequencyMHz: chosen, bandwidthMHz: bandwidth) else {
            throw document.fail(
                map["bandwidth"] ?? map.node,
                "no carrier of \(bandwidth) MHz at \(chosen) MHz; 4g has 1.4, 3, 5, 10, 15 and 20 MHz, "
                    + "5g what TS 38.101 lists for the band, wifi 20, 40, 80 and 160 MHz"
            )
        }
        return (carrier, arfcn)
    }

    private func readAntenna(_ map: YAMLMap) throws(ScenarioError) -> Antenna {
        var antenna: Antenna
        if let azimuth = try map.number("azimuth", in: 0...360) {
            antenna = .sector(azimuth: Float(azimuth), tilt: Float(try map.number("tilt", in: -90...90) ?? 6))
            if let width = try map.number("beamwidth", in: 1...360) {
                antenna.horizontalBeamwidth = Float(width)
            }
        } else {
            antenna = .omnidirectional()
        }
        if let gain = try map.number("gain", in: -20...40) { antenna.gain = Float(gain) }
        return antenna
    }

    private mutating func readIdentity(_ map: YAMLMap, _ access: RadioAccess) throws(ScenarioError)
        -> CellIdentity
    {
        let node = try map.require("id")
        let plmn = try readPlmn(map) ?? plmn
        if access != .wifi, plmn == nil {
            throw document.fail(map.node, "a 4g or 5g cell needs \"plmn\", here or at the top of the file")
        }
        let text = try map.requireString("id")
        guard let identity = Names.identity(text, access, plmn) else {
            throw document.fail(
                node,
                "\"id\" is hexadecimal: 7 digits for 4g (28 bits), 9 for 5g (36 bits), a MAC address for "
                    + "wifi; found \"\(text)\""
            )
        }
        if let other = identities[identity] {
            throw document.fail(
                node,
                "the cell \"\(scenario.cells[other].name)\" has the id \(identity) already"
            )
        }
        identities[identity] = scenario.cells.count
        return identity
    }

    func tooMany(_ what: String, _ limit: Int, _ node: Node?) -> ScenarioError {
        document.fail(node, "more than \(limit) \(what); scenario.limits.\(what) sets that limit")
    }
}
