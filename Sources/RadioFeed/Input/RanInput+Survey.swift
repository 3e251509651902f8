import MECModel

/// Phones that run Network Survey.
extension RanInput {
    /// Devices that one client may speak for.
    private static let phonesPerClient = 1_000

    mutating func survey(
        _ kind: String,
        _ payload: [UInt8],
        _ client: String,
        at now: RadioTime,
        into batch: inout RadioBatch
    ) throws(Complaint) {
        let record: NetworkSurveyRecord
        do { record = try JSONReading.decode(NetworkSurveyRecord.self, from: payload) } catch {
            throw Complaint(.malformed, error.message)
        }
        let data = record.data
        let point = try surveyPosition(data)
        let cell = try surveyCell(kind, data)
        let level = try surveyLevel(kind, data)
        var time: Double?
        if let text = data.deviceTime {
            guard let seconds = NetworkSurveyRecord.seconds(text) else {
                throw Complaint(
                    .malformed,
                    "\"deviceTime\" is a date and time of RFC 3339, found \"\(text.prefix(40))\""
                )
            }
            time = seconds
        }
        let serial = data.deviceSerialNumber ?? ""
        var phone = try phone(serial, client, at: now, into: &batch)
        if let time, let last = phone.time, time < last {
            throw Complaint(.timeBackwards, "\"deviceTime\" goes back by \(last - time) s")
        }
        phone.time = time ?? phone.time
        phone.seen = now
        if data.groupNumber != phone.group { finishScan(&phone, at: now, into: &batch) }
        if let point {
            let fact = PositionFact(
                terminal: phone.index,
                point: point,
                accuracy: try optional(data.accuracy, "accuracy", 0...1_000_000).map { Float($0) },
                altitude: try optional(data.altitude, "altitude", -12_000...100_000).map { Float($0) },
                speed: try optional(data.speed, "speed", 0...1_000).map { Float($0) },
                heading: try optional(data.heading, "heading", 0...360).map { Float($0 == 360 ? 0 : $0) }
            )
            batch.append(.position(fact), at: now)
        }
        if let cell {
            try takeSurveyCell(cell, level, data, &phone, client, at: now, into: &batch)
        } else if kind == "gsm_message" || kind == "umts_message", data.servingCell == true,
            phone.serving != nil
        {
            // A network that has no place here serves it now.
            finishScan(&phone, at: now, into: &batch)
            phone.serving = nil
            batch.append(.detached(phone.index), at: now)
        }
        clients[client, default: Client()].phones[serial] = phone
    }

    private mutating func takeSurveyCell(
        _ identity: CellIdentity,
        _ level: SignalLevel,
        _ data: NetworkSurveyRecord.Payload,
        _ phone: inout Phone,
        _ client: String,
        at now: RadioTime,
        into batch: inout RadioBatch
    ) throws(Complaint) {
        let index = try cell(identity, client, at: now, into: &batch)
        if phone.group == nil {
            phone.group = data.groupNumber ?? -1
            phone.groupSince = now
        }
        guard data.servingCell == true else {
            if phone.neighbours.count < 64, !level.isEmpty {
                phone.neighbours.append(NeighbourMeasurement(cell: index, level: level))
            }
            return
        }
        if phone.serving != index {
            // Whether the network sent it or it went by itself, a phone does not say.
            batch.append(.attached(phone.index, index), at: now)
            phone.serving = index
            phone.timingAdvance = nil
        }
        phone.level = level
        // TS 36.213 4.2.3: 16 Ts a step. NR phones give microseconds of another kind; left out.
        if identity.access == .eutra, let ta = data.ta, (0...1282).contains(ta),
            let command = UInt32(exactly: ta)
        {
            let ticks = TimingAdvance.ticks(command: command)
            if ticks != phone.timingAdvance {
                phone.timingAdvance = ticks
                batch.append(
                    .timingAdvance(
                        TimingAdvanceFact(terminal: phone.index, cell: index, timingAdvance: ticks)
                    ),
                    at: now
                )
            }
        }
    }

    /// Tells what a complete scan measured.
    func finishScan(_ phone: inout Phone, at now: RadioTime, into batch: inout RadioBatch) {
        if let serving = phone.serving, let level = phone.level, !level.isEmpty {
            batch.append(
                MeasurementFact(terminal: phone.index, servingCell: serving, level: level, trigger: 1),
                neighbours: phone.neighbours.filter { $0.cell != serving },
                at: now
            )
        }
        phone.group = nil
        phone.level = nil
        phone.neighbours.removeAll(keepingCapacity: true)
    }

    /// The phone behind a serial number; it is called by its MQTT client, not by the serial.
    private mutating func phone(
        _ serial: String,
        _ client: String,
        at now: RadioTime,
        into batch: inout RadioBatch
    ) throws(Complaint) -> Phone {
        if let known = clients[client]?.phones[serial] { return known }
        let count = clients[client]?.phones.count ?? 0
        guard count < Self.phonesPerClient else {
            throw Complaint(.full, "more than \(Self.phonesPerClient) devices of one client")
        }
        let base = "phone-" + TraceName.terminal(client + ".")
        var name = base
        var number = 1
        let taken = Set((clients[client]?.phones ?? [:]).values.map(\.name))
        while taken.contains(name) {
            number += 1
            name = "\(base)-\(number)"
        }
        let index: TerminalIndex
        do { index = try inventory.terminal(name) } catch { throw Complaint(.full, "\(error)") }
        batch.append(.terminal(TerminalDefinition(terminal: index, name: name)), at: now)
        return Phone(name: name, index: index, seen: now, groupSince: now)
    }

    // MARK: - Fields

    private func surveyPosition(_ data: NetworkSurveyRecord.Payload) throws(Complaint) -> GeoPoint? {
        guard let latitude = data.latitude, let longitude = data.longitude else { return nil }
        // A phone without a fix says 0, 0.
        if latitude == 0, longitude == 0 { return nil }
        guard let point = GeoPoint(latitude: latitude, longitude: longitude) else {
            throw Complaint(
                .positionOffGlobe,
                "latitude \(latitude), longitude \(longitude) is no place on the globe"
            )
        }
        return point
    }

    private func surveyCell(_ kind: String, _ data: NetworkSurveyRecord.Payload) throws(Complaint)
        -> CellIdentity?
    {
        let isNR = kind == "nr_message"
        guard isNR || kind == "lte_message", let number = isNR ? data.nci : data.eci else { return nil }
        guard let digits = NetworkSurveyRecord.plmnDigits(mcc: data.mcc, mnc: data.mnc),
            let plmn = Plmn(digits)
        else { return nil }
        let identity = UInt64(exactly: number).flatMap {
            isNR ? CellIdentity.ncgi(plmn, nrCellId: $0) : CellIdentity.ecgi(plmn, cellId: $0)
        }
        guard let identity else {
            throw Complaint(
                .cellOutOfRange,
                isNR ? "\"nci\" has 36 bits, found \(number)" : "\"eci\" has 28 bits, found \(number)"
            )
        }
        return identity
    }

    private func surveyLevel(_ kind: String, _ data: NetworkSurveyRecord.Payload) throws(Complaint)
        -> SignalLevel
    {
        switch kind {
        case "nr_message": try level(data.ssRsrp, data.ssRsrq, data.ssSinr, .nr)
        case "lte_message": try level(data.rsrp, data.rsrq, data.snr, .eutra)
        default: SignalLevel()
        }
    }
}
