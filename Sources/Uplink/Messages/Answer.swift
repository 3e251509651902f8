/// What a collector says to one site: `weir.uplink.v1.Answer`.
package struct Answer: Sendable, Equatable {
    package enum Result: UInt64, Sendable {
        /// Stored by the transaction before this answer.
        case committed = 0
        /// Stored earlier.
        case repeated = 1
        /// Never will be stored.
        case refused = 2
        /// To be sent again.
        case again = 3
        /// Another site of this name is at work.
        case conflict = 4
    }

    package struct Outcome: Sendable, Equatable {
        package var lane: String
        package var epoch: UInt64
        package var after: UInt64
        package var last: UInt64
        package var result: Result
        package var reason: String

        package init(
            lane: String,
            epoch: UInt64,
            after: UInt64,
            last: UInt64,
            _ result: Result,
            reason: String = ""
        ) {
            self.lane = lane
            self.epoch = epoch
            self.after = after
            self.last = last
            self.result = result
            self.reason = reason
        }

        package init(_ header: BatchHeader, _ result: Result, reason: String = "") {
            self.init(
                lane: header.lane,
                epoch: header.epoch,
                after: header.after,
                last: header.last,
                result,
                reason: reason
            )
        }
    }

    /// Everything up to `sequence` is stored.
    package struct Watermark: Sendable, Equatable {
        package var lane: String
        package var epoch: UInt64
        package var sequence: UInt64

        package init(lane: String, epoch: UInt64, sequence: UInt64) {
            self.lane = lane
            self.epoch = epoch
            self.sequence = sequence
        }
    }

    /// Of the hello that is answered, else 0.
    package var nonce: UInt64 = 0
    package var outcomes: [Outcome] = []
    package var watermarks: [Watermark] = []
    /// Set when another site of this name has been heard of.
    package var conflict = ""

    package init() {}

    package func encode() -> [UInt8] {
        var writer = ProtobufWriter()
        writer.fixed64(1, nonce)
        for outcome in outcomes {
            writer.message(2) { writer in
                writer.text(1, outcome.lane)
                writer.fixed64(2, outcome.epoch)
                writer.varint(3, outcome.after)
                writer.varint(4, outcome.last)
                writer.varint(5, outcome.result.rawValue)
                writer.text(6, outcome.reason)
            }
        }
        for watermark in watermarks {
            writer.message(3) { writer in
                writer.text(1, watermark.lane)
                writer.fixed64(2, watermark.epoch)
                writer.varint(3, watermark.sequence)
            }
        }
        writer.text(4, conflict)
        return writer.output
    }

    package init(decoding bytes: UnsafeRawBufferPointer) throws(BatchError) {
        var reader = ProtobufReader(bytes)
        while let (field, value) = try reader.next() {
            switch field {
            case 1: nonce = value.number
            case 2: outcomes.append(try Self.outcome(value.bytes))
            case 3: watermarks.append(try Self.watermark(value.bytes))
            case 4: conflict = value.text
            default: break
            }
        }
    }

    private static func outcome(_ bytes: UnsafeRawBufferPointer) throws(BatchError) -> Outcome {
        var outcome = Outcome(lane: "", epoch: 0, after: 0, last: 0, .committed)
        var reader = ProtobufReader(bytes)
        while let (field, value) = try reader.next() {
            switch field {
            case 1: outcome.lane = value.text
            case 2: outcome.epoch = value.number
            case 3: outcome.after = value.number
            case 4: outcome.last = value.number
            case 5:
                guard let result = Result(rawValue: value.number) else {
                    throw .malformed("result \(value.number), expected 0 to 4")
                }
                outcome.result = result
            case 6: outcome.reason = value.text
            default: break
            }
        }
        return outcome
    }

    private static func watermark(_ bytes: UnsafeRawBufferPointer) throws(BatchError) -> Watermark {
        var watermark = Watermark(lane: "", epoch: 0, sequence: 0)
        var reader = ProtobufReader(bytes)
        while let (field, value) = try reader.next() {
            switch field {
            case 1: watermark.lane = value.text
            case 2: watermark.epoch = value.number
            case 3: watermark.sequence = value.number
            default: break
            }
        }
        return watermark
    }
}
