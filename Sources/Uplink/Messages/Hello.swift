/// A site's sign of life: `weir.uplink.v1.Hello`.
package struct Hello: Sendable, Equatable {
    package struct Lane: Sendable, Equatable {
        package var lane: String
        package var epoch: UInt64
        /// The last sequence that the site knows to be stored.
        package var committed: UInt64
        package var backlogEvents: UInt64 = 0
        package var backlogBytes: UInt64 = 0
        /// Nanoseconds since 1970 UTC; 0 without backlog.
        package var backlogSince: Int64 = 0

        package init(lane: String, epoch: UInt64, committed: UInt64) {
            self.lane = lane
            self.epoch = epoch
            self.committed = committed
        }
    }

    package var site: String
    package var instance: SiteInstance
    package var nonce: UInt64
    package var lanes: [Lane] = []
    package var version = ""

    package init(site: String, instance: SiteInstance, nonce: UInt64) {
        self.site = site
        self.instance = instance
        self.nonce = nonce
    }

    package func encode() -> [UInt8] {
        var writer = ProtobufWriter()
        writer.text(1, site)
        writer.bytes(2, instance.bytes)
        writer.fixed64(3, nonce)
        for lane in lanes {
            writer.message(4) { writer in
                writer.text(1, lane.lane)
                writer.fixed64(2, lane.epoch)
                writer.varint(3, lane.committed)
                writer.varint(4, lane.backlogEvents)
                writer.varint(5, lane.backlogBytes)
                writer.fixed64(6, UInt64(bitPattern: lane.backlogSince))
            }
        }
        writer.text(5, version)
        return writer.output
    }

    package init(decoding bytes: UnsafeRawBufferPointer) throws(BatchError) {
        var (site, version): (String, String) = ("", "")
        var found: SiteInstance?
        var nonce: UInt64 = 0
        var lanes: [Lane] = []
        var reader = ProtobufReader(bytes)
        while let (field, value) = try reader.next() {
            switch field {
            case 1: site = value.text
            case 2: found = SiteInstance(value.bytes)
            case 3: nonce = value.number
            case 4: lanes.append(try Self.lane(value.bytes))
            case 5: version = value.text
            default: break
            }
        }
        guard let instance = found, UplinkNames.isValid(site) else {
            throw .malformed("a hello without site or instance, expected both; the site is \"\(site)\"")
        }
        self.init(site: site, instance: instance, nonce: nonce)
        self.lanes = lanes
        self.version = version
    }

    private static func lane(_ bytes: UnsafeRawBufferPointer) throws(BatchError) -> Lane {
        var lane = Lane(lane: "", epoch: 0, committed: 0)
        var reader = ProtobufReader(bytes)
        while let (field, value) = try reader.next() {
            switch field {
            case 1: lane.lane = value.text
            case 2: lane.epoch = value.number
            case 3: lane.committed = value.number
            case 4: lane.backlogEvents = value.number
            case 5: lane.backlogBytes = value.number
            case 6: lane.backlogSince = Int64(bitPattern: value.number)
            default: break
            }
        }
        guard UplinkNames.isValid(lane.lane) else { throw .malformed("a lane \"\(lane.lane)\"") }
        return lane
    }
}
