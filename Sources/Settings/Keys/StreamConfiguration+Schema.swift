import Journal
import Streams

extension StreamConfiguration {
    /// Before its own keys are read.
    static let template = StreamConfiguration(name: "", filters: [])

    static let schema = Schema<StreamConfiguration> {
        Member.value(
            "name",
            \.name,
            .text("1 to 64 of a-z, 0-9, \".\", \"_\" and \"-\"", lengthMax: 64),
            "What the stream is called, also its directory under streams in dataDirectory.",
            required: true,
            example: "telemetry"
        )
        Member.value(
            "filters",
            \.filters,
            .list(.text("a topic filter"), countMax: 100),
            "A message that one of these matches is kept, once, whether anybody subscribes to it or not.",
            required: true,
            example: "[\"plant/+/telemetry/#\"]"
        )
        Member.value(
            "durability",
            \.durability,
            .choice,
            "When a publish of such a message is acknowledged: see storage.durability."
        )
        Member.value(
            "maximumBytes",
            \.bytesMaximum,
            .byteSize(in: (1 << 20)...(1 << 50)),
            "Bytes on the disk; beyond it whenFull decides."
        )
        Member.value(
            "maximumAge",
            \.ageMaximum,
            .optional(.duration(in: .seconds(1)...(.seconds(10 * 365 * 86_400)))),
            "Events older than this go, to within a segment.",
            example: "7d"
        )
        Member.value(
            "whenFull",
            \.whenFull,
            .choice,
            "Drop the oldest events, drop the newest, or refuse what is new (0x97); every loss is told to readers."
        )
    }
}
