import Logging
import Supervision

extension LogSettings {
    static let schema = Schema<LogSettings> {
        Member.value(
            "level",
            \.level,
            .choice,
            "Lines below this level are not written. A peer's mistake is debug, what needs a person is error.",
            reload: .live
        )
        Member.value("format", \.format, .choice, "How a line is laid out: for people or for programs.")
        Member.value(
            "queueSize",
            \.queueSizeBytes,
            .byteSize(in: (64 << 10)...(1 << 30)),
            "Lines that may wait for a slow reader. Further ones are dropped, counted and told."
        )
    }
}
