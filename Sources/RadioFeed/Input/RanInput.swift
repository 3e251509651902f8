package import MECModel

/// Radio facts that come over MQTT: from xApps on `ran/in/…` and from phones that run Network Survey.
///
/// It is fed with (topic, payload, client) and never looks beyond that: who may publish there is the
/// broker's business. A message that makes no sense is named with its client, counted and skipped.
package struct RanInput: Sendable {
    package struct Settings: Sendable, Hashable {
        /// Topic levels before `in/…`.
        package var prefix = "ran/in"
        /// Bytes of a payload, 64…16,777,216.
        package var payloadBytesMax = 256 * 1024
        /// Objects in one payload, 1…100,000.
        package var objectsMax = 1_000
        /// Clients that are told apart, 1…100,000.
        package var clientsMax = 10_000
        /// Terminals and cells that one client may speak of, 1…100,000.
        package var terminalsPerClient = 10_000
        package var cellsPerClient = 10_000
        /// Seconds without a word after which a phone is gone, 1…86,400. xApps say it themselves.
        package var phoneSilenceSeconds = 120.0
        /// Seconds that a stated time may be behind and ahead of the clock, 0…86,400.
        package var timeBehindMaxSeconds = 300.0
        package var timeAheadMaxSeconds = 5.0

        package init() {}
    }

    struct Client: Sendable {
        var terminals: [String: TerminalIndex] = [:]
        var cells: [CellIdentity: CellIndex] = [:]
        var phones: [String: Phone] = [:]
        /// The time stated last for each terminal, to see one go back.
        var lastTime: [TerminalIndex: Double] = [:]
    }

    /// A phone, and the scan of it that is not complete yet.
    struct Phone: Sendable {
        let name: String
        var index: TerminalIndex
        var serving: CellIndex?
        var seen: RadioTime
        var time: Double?
        var group: Double?
        var groupSince: RadioTime
        var level: SignalLevel?
        var neighbours: [NeighbourMeasurement] = []
        var timingAdvance: UInt32?
    }

    let settings: Settings
    let inventory: RadioInventory
    var clients: [String: Client] = [:]
    var zones: [String: ZoneIndex] = [:]
    private var lastSweep: RadioTime?

    package init(_ settings: Settings = Settings(), inventory: RadioInventory) {
        self.settings = settings
        self.inventory = inventory
    }

    /// What to subscribe to on the bus.
    package var filters: [String] {
        ["\(settings.prefix)/#"] + NetworkSurveyRecord.topics.flatMap { [$0, "+/\($0)"] }
    }

    /// Takes one message.
    ///
    /// - Parameter client: Who published it, as the broker knows it.
    package mutating func receive(
        topic: String,
        payload: [UInt8],
        client: String,
        at now: RadioTime,
        into batch: inout RadioBatch,
        warnings: inout FeedWarnings
    ) {
        let place = "client \(client.prefix(64)), topic \(topic.prefix(128))"
        do throws(Complaint) {
            guard payload.count <= settings.payloadBytesMax else {
                throw Complaint(
                    .tooLarge,
                    "a payload of \(payload.count) bytes; at most \(settings.payloadBytesMax) are read"
                )
            }
            guard clients[client] != nil || clients.count < settings.clientsMax else {
                throw Complaint(
                    .full,
                    "more than \(settings.clientsMax) clients; ran.clientsMax sets that limit"
                )
            }
            let kind =
                topic.split(separator: "/", omittingEmptySubsequences: false).last.map(String.init) ?? ""
            if NetworkSurveyRecord.topics.contains(kind) {
                try survey(kind, payload, client, at: now, into: &batch)
                return
            }
            guard topic == "\(settings.prefix)/\(kind)" else {
                throw Complaint(
                    .unknownSubject,
                    "nothing is read from this topic; expected \(settings.prefix)/ and one level"
                )
            }
            try messages(kind, payload, client, place, at: now, into: &batch, &warnings)
        } catch {
            warnings.report(FeedWarning(error.reason, at: place, "\(error.message); skipped"), at: now)
        }
    }

    private mutating func messages(
        _ kind: String,
        _ payload: [UInt8],
        _ client: String,
        _ place: String,
        at now: RadioTime,
        into batch: inout RadioBatch,
        _ warnings: inout FeedWarnings
    ) throws(Complaint) {
        let messages: RanMessages
        do {
            messages = try JSONReading.decode(RanMessages.self, from: payload)
        } catch {
            throw Complaint(.malformed, error.message)
        }
        guard messages.list.count <= settings.objectsMax else {
            throw Complaint(
                .tooLarge,
                "a list of \(messages.list.count) objects; at most \(settings.objectsMax) are read"
            )
        }
        for message in messages.list {
            // One bad object does not spoil its neighbours.
            do throws(Complaint) {
                try take(message, kind, client, at: now, into: &batch)
            } catch {
                warnings.report(FeedWarning(error.reason, at: place, "\(error.message); skipped"), at: now)
            }
        }
    }

    /// Completes scans whose last record is half a second old, and lets silent phones go.
    package mutating func advance(to now: RadioTime, into batch: inout RadioBatch) {
        guard lastSweep.map({ now.nanoseconds(since: $0) >= 250_000_000 }) ?? true else { return }
        lastSweep = now
        for name in clients.keys.sorted() {
            guard var client = clients[name], !client.phones.isEmpty else { continue }
            for serial in client.phones.keys.sorted() {
                guard var phone = client.phones[serial] else { continue }
                if phone.group != nil, now.nanoseconds(since: phone.groupSince) >= 500_000_000 {
                    finishScan(&phone, at: now, into: &batch)
                }
                client.phones[serial] = phone
                if Double(now.nanoseconds(since: phone.seen)) > settings.phoneSilenceSeconds * 1e9 {
                    client.phones[serial] = nil
                    client.lastTime[phone.index] = nil
                    batch.append(.terminalRemoved(phone.index), at: now)
                }
            }
            clients[name] = client
        }
    }
}

// MARK: - Numbers of things

extension RanInput {
    mutating func terminal(
        _ name: String?,
        _ client: String,
        at now: RadioTime,
        into batch: inout RadioBatch
    ) throws(Complaint) -> TerminalIndex {
        guard let name else { throw Complaint(.missingField, "\"ue\" is missing") }
        guard Names.isTopicLevel(name) else {
            throw Complaint(
                .malformed,
                "\"ue\" is a name of 1 to 64 characters without / + # and spaces, found \"\(name.prefix(80))\""
            )
        }
        if let known = clients[client]?.terminals[name] { return known }
        guard clients[client]?.terminals.count ?? 0 < settings.terminalsPerClient else {
            throw Complaint(
                .full,
                "more than \(settings.terminalsPerClient) terminals of one client; ran.terminalsPerClient sets that limit"
            )
        }
        let index: TerminalIndex
        do { index = try inventory.terminal(name) } catch { throw Complaint(.full, "\(error)") }
        clients[client, default: Client()].terminals[name] = index
        let address = IPAddress(name).map { [AssociateId($0)] } ?? []
        batch.append(
            .terminal(TerminalDefinition(terminal: index, name: name, associateIds: address)),
            at: now
        )
        return index
    }

    mutating func cell(
        _ identity: CellIdentity,
        _ client: String,
        at now: RadioTime,
        into batch: inout RadioBatch
    ) throws(Complaint) -> CellIndex {
        if let known = clients[client]?.cells[identity] { return known }
        let index = try cellIndex(identity, client)
        batch.append(.cell(CellDefinition(cell: index, identity: identity)), at: now)
        return index
    }

    /// The index of a cell, without defining it.
    mutating func cellIndex(_ identity: CellIdentity, _ client: String) throws(Complaint) -> CellIndex {
        if let known = clients[client]?.cells[identity] { return known }
        guard clients[client]?.cells.count ?? 0 < settings.cellsPerClient else {
            throw Complaint(
                .full,
                "more than \(settings.cellsPerClient) cells of one client; ran.cellsPerClient sets that limit"
            )
        }
        let index: CellIndex
        do { index = try inventory.cell(identity) } catch { throw Complaint(.full, "\(error)") }
        clients[client, default: Client()].cells[identity] = index
        return index
    }

    /// - Parameter field: For messages.
    func identity(_ cell: RanMessage.Cell?, _ field: String) throws(Complaint) -> CellIdentity {
        guard let cell else { throw Complaint(.missingField, "\"\(field)\" is missing") }
        if let text = cell.bssid {
            if let identity = Names.identity(text, .wifi, nil) { return identity }
            throw Complaint(
                .cellOutOfRange,
                "\"\(field).bssid\" is a MAC address, found \"\(text.prefix(40))\""
            )
        }
        guard let plmn = cell.plmn.flatMap({ Plmn($0) }) else {
            throw Complaint(
                .cellOutOfRange,
                "\"\(field).plmn\" is five or six digits, found \"\((cell.plmn ?? "").prefix(40))\""
            )
        }
        if let text = cell.cellId {
            if let identity = Names.identity(text, .eutra, plmn) { return identity }
            throw Complaint(
                .cellOutOfRange,
                "\"\(field).cellId\" is up to 7 hexadecimal digits (28 bits), found \"\(text.prefix(40))\""
            )
        }
        if let text = cell.nrCellId {
            if let identity = Names.identity(text, .nr, plmn) { return identity }
            throw Complaint(
                .cellOutOfRange,
                "\"\(field).nrCellId\" is up to 9 hexadecimal digits (36 bits), found \"\(text.prefix(40))\""
            )
        }
        throw Complaint(.missingField, "\"\(field)\" has none of cellId, nrCellId and bssid")
    }

    /// The time of a fact: as stated, when it is near the clock and does not go back for its terminal.
    mutating func time(
        _ stated: Double?,
        _ terminal: TerminalIndex?,
        _ client: String,
        at now: RadioTime
    ) throws(Complaint) -> RadioTime {
        guard let stated else { return now }
        let skew = stated - Double(now.nanoseconds) / 1e9
        guard skew >= -settings.timeBehindMaxSeconds, skew <= settings.timeAheadMaxSeconds else {
            throw Complaint(
                .valueOutOfRange,
                "\"time\" is \(stated), which is \(skew) s from now; check the clock of the sender"
            )
        }
        if let terminal {
            if let last = clients[client]?.lastTime[terminal], stated < last {
                throw Complaint(.timeBackwards, "\"time\" is \(stated), the message before said \(last)")
            }
            clients[client, default: Client()].lastTime[terminal] = stated
        }
        // Facts of one batch are in order, and clients' clocks are not those of each other: the hour of
        // arrival is what all agree on.
        return now
    }
}
