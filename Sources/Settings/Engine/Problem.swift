/// One thing that is wrong with the configuration: where, which key, and what to do about it.
package struct Problem: Error, Sendable, Equatable {
    package var place: Place
    /// The key's full name, such as `mqtt.maximumPacketSize` or `listeners[1].url`; empty for the file as a whole.
    package var key: String
    /// What was found and what was expected, as a sentence without its full stop.
    package var message: String

    package init(place: Place, key: String, message: String) {
        self.place = place
        self.key = key
        self.message = message
    }
}

extension Problem: CustomStringConvertible {
    package var description: String {
        key.isEmpty ? "\(place): \(message)" : "\(place): \(key): \(message)"
    }
}

/// Every problem of one configuration, in the order in which it was read.
package struct Problems: Error, Sendable, Equatable, CustomStringConvertible {
    package var list: [Problem]

    package init(_ list: [Problem]) {
        self.list = list
    }

    package var description: String {
        list.map(\.description).joined(separator: "\n")
    }
}

extension [Problem] {
    /// Those of the file by line, then the others as they came.
    var inReadingOrder: [Problem] {
        enumerated().sorted { a, b in
            switch (a.element.place, b.element.place) {
            case (.file(_, let lineA, let columnA), .file(_, let lineB, let columnB)):
                (lineA, columnA, a.offset) < (lineB, columnB, b.offset)
            case (.file, _): true
            case (_, .file): false
            default: a.offset < b.offset
            }
        }.map(\.element)
    }
}
