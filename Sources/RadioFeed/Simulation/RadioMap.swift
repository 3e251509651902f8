import MECModel

/// A scenario's radio network in the form that a step can use: every term that does not change, once.
struct RadioMap: Sendable {
    struct Site: Sendable {
        let x: Float
        let y: Float
        let height: Float
        let propagation: PropagationModel
        let shadowLineOfSight: CorrelatedField.View
        let shadowObstructed: CorrelatedField.View
        let sight: CorrelatedField.View
    }

    struct Cell: Sendable {
        let index: CellIndex
        let access: RadioAccess
        let site: Int32
        /// Place in ``RadioMap/carriers``.
        let carrier: Int32
        /// Power of one resource element in dBm, before the antenna.
        let elementPower: Float
        let antenna: Antenna
        /// Physical cell identity modulo 3: reference signals of cells that share it collide.
        let residue: Int32
        let terminalsMax: Int32
        let backgroundLoad: Float
        let isAccessPoint: Bool
    }

    struct CarrierTerms: Sendable {
        let carrier: Carrier
        let loss: PathLoss
        let wallLoss: Float
        /// Milliwatts of noise in one resource element.
        let noise: Float
        let uplinkNoisePerBlock: Float
        let downlinkElements: Float
        let uplinkElements: Float
    }

    let plane: LocalPlane
    let sites: [Site]
    let cells: [Cell]
    let carriers: [CarrierTerms]

    /// - Parameters:
    ///   - indices: The inventory's index of each cell, in the scenario's order.
    init(_ scenario: Scenario, indices: [CellIndex], seed: UInt64) {
        let plane = LocalPlane(origin: RadioMap.centre(scenario))
        self.plane = plane
        sites = scenario.sites.enumerated().map { number, site in
            let point = plane.point(site.position)
            var random = SeededRandom(seed: seed, 1, UInt64(number))
            let model = site.propagation
            return Site(
                x: Float(point.x),
                y: Float(point.y),
                height: site.height,
                propagation: model,
                shadowLineOfSight: CorrelatedField.View(
                    correlationDistance: model.shadowDistanceLineOfSight,
                    random: &random
                ),
                shadowObstructed: CorrelatedField.View(
                    correlationDistance: model.shadowDistanceObstructed,
                    random: &random
                ),
                sight: CorrelatedField.View(correlationDistance: model.lineOfSightDistance, random: &random)
            )
        }
        var carriers: [Carrier] = []
        cells = scenario.cells.enumerated().map { number, cell in
            let place = carriers.firstIndex(of: cell.carrier) ?? carriers.count
            if place == carriers.count { carriers.append(cell.carrier) }
            return Cell(
                index: indices[number],
                access: cell.identity.access,
                site: Int32(cell.site),
                carrier: Int32(place),
                elementPower: cell.power - FastMath.decibels(cell.carrier.subcarriers),
                antenna: cell.antenna,
                residue: Int32(Int(cell.physicalCellId ?? UInt16(number % 504)) % 3),
                terminalsMax: Int32(clamping: cell.terminalsMax),
                backgroundLoad: cell.backgroundLoad,
                isAccessPoint: cell.identity.access == .wifi
            )
        }
        self.carriers = carriers.map { carrier in
            CarrierTerms(
                carrier: carrier,
                loss: PathLoss(frequencyGHz: carrier.frequencyMHz / 1000),
                wallLoss: Shelter.wallLoss(frequencyGHz: carrier.frequencyMHz / 1000),
                noise: FastMath.ratio(decibels: carrier.noisePerSubcarrier),
                uplinkNoisePerBlock: carrier.uplinkNoisePerBlock,
                downlinkElements: carrier.elementsPerBlockSecond.downlink,
                uplinkElements: carrier.elementsPerBlockSecond.uplink
            )
        }
    }

    /// The middle of the sites: where the plane touches the globe.
    private static func centre(_ scenario: Scenario) -> GeoPoint {
        guard let first = scenario.sites.first?.position else {
            return GeoPoint(latitude: 0, longitude: 0) ?? scenario.sites[0].position
        }
        let plane = LocalPlane(origin: first)
        var sum = PlanePoint(x: 0, y: 0)
        for site in scenario.sites {
            let point = plane.point(site.position)
            sum.x += point.x
            sum.y += point.y
        }
        let count = Double(scenario.sites.count)
        return plane.place(PlanePoint(x: sum.x / count, y: sum.y / count))
    }
}
