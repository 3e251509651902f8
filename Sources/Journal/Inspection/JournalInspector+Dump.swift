/// What a dump shows.
package struct DumpOptions: Sendable {
    package enum Encoding: String, Sendable, CaseIterable { case hex, base64, utf8 }

    package var from: LogPosition = 0
    package var upTo: LogPosition = .max
    /// Only records of these types; `nil` for all.
    package var types: Set<UInt16>?
    package var recordsMax = UInt64.max
    package var encoding = Encoding.hex
    /// Payload bytes shown of a record.
    package var payloadBytesMax = 64
    /// Whether to show the journal's own records too.
    package var showsInternal = false

    package init() {}
}

extension JournalInspector {
    /// Calls `line` for each record from ``DumpOptions/from`` on, and for each damage on the way.
    package func dump(_ options: DumpOptions = DumpOptions(), _ line: (InspectionLine) -> Void)
        throws(LogError)
    {
        var left = options.recordsMax
        for listed in segments(try entries()) where listed.end > options.from && listed.base < options.upTo {
            guard left > 0 else { return }
            let file: SegmentFile
            do throws(LogError) {
                file = try open(listed.path, .segment)
            } catch {
                guard error.code == .damaged else { throw error }
                line(InspectionLine("unusable").with("file", listed.path).with("reason", error.message))
                continue
            }
            var walk = SegmentWalk(file, end: min(listed.end, options.upTo))
            defer { walk.deallocate() }
            while left > 0, let step = try io({ () throws(DiskError) in try walk.next() }) {
                switch step {
                case .record(let header, let payload):
                    guard header.position >= options.from, shows(header, options) else { continue }
                    line(
                        describe(
                            header,
                            payload,
                            isLegible: !header.isSealed || file.info.sealer != nil,
                            options
                        )
                    )
                    left -= 1
                case .hole(let from, let to, let reason):
                    guard to > options.from else { continue }
                    // The end of the newest file is a torn tail or a group on its way.
                    let kind = listed.isNewest && to == listed.end ? "tornTail" : "damage"
                    line(
                        InspectionLine(kind).with("position", from).with("length", to - from)
                            .with("file", listed.path).with("offset", file.offset(of: from))
                            .with("reason", reason)
                    )
                }
            }
        }
    }

    private func shows(_ header: RecordHeader, _ options: DumpOptions) -> Bool {
        if RecordType.isInternal(header.type), !options.showsInternal { return false }
        return options.types?.contains(header.type) ?? true
    }

    private func describe(
        _ header: RecordHeader,
        _ payload: UnsafeRawBufferPointer,
        isLegible: Bool,
        _ options: DumpOptions
    ) -> InspectionLine {
        let line = InspectionLine(kind(of: header.type)).with("position", header.position)
            .with("type", UInt64(header.type)).with("length", UInt64(header.length))
        guard isLegible else { return line.with("sealed", true) }
        if header.type == RecordType.gap, let gap = GapRecord(payload: payload) {
            return line.with("from", gap.from).with("to", gap.to).with("count", gap.count)
                .with("cause", gap.cause.description)
        }
        if header.type == RecordType.commitMark, let mark = CommitMark(payload: payload) {
            return line.with("time", mark.time).with("synced", mark.syncedPosition)
                .with("records", mark.recordCount)
        }
        let shown = payload.prefix(max(0, options.payloadBytesMax))
        let text =
            switch options.encoding {
            case .hex: PayloadText.hex(shown)
            case .base64: PayloadText.base64(shown)
            case .utf8: String(decoding: shown, as: UTF8.self)
            }
        return line.with(options.encoding.rawValue, text).with("isCut", shown.count < payload.count)
    }

    private func kind(of type: UInt16) -> String {
        switch type {
        case RecordType.gap: "gap"
        case RecordType.commitMark: "commitMark"
        case RecordType.padding: "padding"
        case RecordType.closed: "closed"
        default: "record"
        }
    }
}

/// Bytes as text.
enum PayloadText {
    static func hex(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// RFC 4648, section 4.
    static func base64(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let count = min(3, bytes.endIndex - index)
            var group: UInt32 = 0
            for place in 0..<3 {
                group = group << 8 | (place < count ? UInt32(bytes[index + place]) : 0)
            }
            for place in 0..<4 {
                let digit = Int(group >> UInt32(18 - 6 * place) & 63)
                text.append(place <= count ? alphabet[digit] : UInt8(ascii: "="))
            }
            index += count
        }
        return String(decoding: text, as: UTF8.self)
    }
}
