/// Configuration as it was written: a tree of text, in which everything knows its place.
package indirect enum SettingNode: Sendable, Equatable {
    /// `isPlain` is false for quoted text, which is then never taken for "not set".
    case scalar(String, isPlain: Bool, Place)
    case list([SettingNode], Place)
    case map([Entry], Place)

    /// One key and its value.
    package struct Entry: Sendable, Equatable {
        package var key: String
        package var keyPlace: Place
        package var value: SettingNode

        package init(key: String, keyPlace: Place, value: SettingNode) {
            self.key = key
            self.keyPlace = keyPlace
            self.value = value
        }
    }

    package var place: Place {
        switch self {
        case .scalar(_, _, let place), .list(_, let place), .map(_, let place): place
        }
    }

    /// Whether the value was left out: nothing after the colon, `~` or `null`.
    package var isAbsent: Bool {
        guard case .scalar(let text, true, _) = self else { return false }
        return text.isEmpty || text == "~" || text == "null"
    }

    /// The value as it may be quoted in a message, shortened where it is long.
    package var found: String {
        switch self {
        case .scalar(let text, _, _):
            if isAbsent { return "nothing" }
            return text.count > 60 ? "\"\(text.prefix(57))…\"" : "\"\(text)\""
        case .list(let elements, _): return "a list of \(elements.count)"
        case .map: return "a map"
        }
    }
}

extension SettingNode {
    /// Puts `value` at `path`, making maps and list elements on the way where nothing was written yet.
    ///
    /// What stands in the way (text where a map should be) is left alone, so that reading the tree
    /// reports it. A list grows by at most one element at a time: `listeners[1]` needs a `listeners[0]`.
    /// - Returns: whether the value could be put there.
    package mutating func put(_ value: SettingNode, at path: ArraySlice<PathStep>) -> Bool {
        guard let step = path.first else {
            self = value
            return true
        }
        let rest = path.dropFirst()
        switch step {
        case .key(let key):
            if isAbsent { self = .map([], value.place) }
            guard case .map(var entries, let place) = self else { return false }
            if let index = entries.firstIndex(where: { $0.key == key }) {
                guard entries[index].value.put(value, at: rest) else { return false }
                if rest.isEmpty { entries[index].keyPlace = value.place }
            } else {
                var child = SettingNode.scalar("", isPlain: true, value.place)
                guard child.put(value, at: rest) else { return false }
                entries.append(Entry(key: key, keyPlace: value.place, value: child))
            }
            self = .map(entries, place)
        case .index(let index):
            if isAbsent { self = .list([], value.place) }
            guard case .list(var elements, let place) = self, index <= elements.count else { return false }
            if index == elements.count { elements.append(.scalar("", isPlain: true, value.place)) }
            guard elements[index].put(value, at: rest) else { return false }
            self = .list(elements, place)
        }
        return true
    }
}

/// One step of a key's full name: `listeners[0].url` has three.
package enum PathStep: Sendable, Equatable {
    case key(String)
    case index(Int)

    /// Most elements that a name may point past; a list is never longer.
    static let indexMax = 9_999

    /// Splits a full name; `nil` when it is not one.
    package static func parse(_ name: some StringProtocol) -> [PathStep]? {
        var steps: [PathStep] = []
        for part in name.split(separator: ".", omittingEmptySubsequences: false) {
            var pieces = part.split(separator: "[", omittingEmptySubsequences: false)[...]
            guard let key = pieces.popFirst(), !key.isEmpty, !key.contains("]") else { return nil }
            steps.append(.key(String(key)))
            for piece in pieces {
                guard piece.hasSuffix("]"), let index = Int(piece.dropLast()), (0...indexMax).contains(index)
                else { return nil }
                steps.append(.index(index))
            }
        }
        return steps
    }
}
