extension RuleTrie {
    /// What the rules that match `topic` say. Allocates nothing; recursion ends with the rules' depth.
    func match(_ topic: UnsafeRawBufferPointer, _ names: ClientNames) -> RuleBits {
        guard !topic.isEmpty else { return [] }
        return nodes.withUnsafeBufferPointer { nodes in
            edges.withUnsafeBufferPointer { edges in
                bytes.withUnsafeBytes { bytes in
                    let walk = Walk(topic: topic, nodes: nodes, edges: edges, bytes: bytes)
                    return walk.collect(node: 0, from: 0, trie: self, names)
                }
            }
        }
    }

    private struct Walk {
        let topic: UnsafeRawBufferPointer
        let nodes: UnsafeBufferPointer<Node>
        let edges: UnsafeBufferPointer<Edge>
        let bytes: UnsafeRawBufferPointer

        /// - Parameter start: Where the next level begins; one beyond the end when none is left.
        func collect(node index: Int, from start: Int, trie: RuleTrie, _ names: ClientNames) -> RuleBits {
            let node = nodes[index]
            if start > topic.count { return node.end.union(node.rest) }

            var end = start
            while end < topic.count, topic[end] != UInt8(ascii: "/") { end += 1 }
            let level = UnsafeRawBufferPointer(rebasing: topic[start..<end])

            // A wildcard in the first level does not match a topic that begins with $ `[MQTT-4.7.2-1]`.
            let wildcards = start > 0 || level.first != UInt8(ascii: "$")
            var bits: RuleBits = wildcards ? node.rest : []
            if let child = RuleTrie.literalChild(of: node, level, edges, bytes) {
                bits.formUnion(collect(node: Int(child), from: end + 1, trie: trie, names))
            }
            if wildcards, node.anyChild != 0 {
                bits.formUnion(collect(node: Int(node.anyChild), from: end + 1, trie: trie, names))
            }
            if node.templateEdgeCount > 0 {
                let first = Int(node.firstTemplateEdge)
                for place in first..<first + Int(node.templateEdgeCount) {
                    let edge = trie.templateEdges[place]
                    guard trie.template(edge, matches: level, isFirst: start == 0, names) else { continue }
                    bits.formUnion(collect(node: Int(edge.child), from: end + 1, trie: trie, names))
                }
            }
            return bits
        }
    }

    func literalChild(of node: Node, _ level: UnsafeRawBufferPointer) -> UInt32? {
        edges.withUnsafeBufferPointer { edges in
            bytes.withUnsafeBytes { Self.literalChild(of: node, level, edges, $0) }
        }
    }

    private static func literalChild(
        of node: Node,
        _ level: UnsafeRawBufferPointer,
        _ edges: UnsafeBufferPointer<Edge>,
        _ bytes: UnsafeRawBufferPointer
    ) -> UInt32? {
        var low = Int(node.firstEdge)
        var high = low + Int(node.edgeCount)
        while low < high {
            let middle = (low + high) / 2
            let text = edges[middle].text
            let offset = Int(text.offset)
            let order = Self.order(
                level,
                UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + Int(text.count)])
            )
            if order == 0 { return edges[middle].child }
            if order < 0 { high = middle } else { low = middle + 1 }
        }
        return nil
    }

    func text(_ text: Text) -> [UInt8] {
        Array(bytes[Int(text.offset)..<Int(text.offset) + Int(text.count)])
    }

    /// The level that the pieces of `edge` come to; `nil` where a name is missing or may not stand there.
    func fill(_ edge: TemplateEdge, isFirst: Bool, _ names: ClientNames) -> [UInt8]? {
        var result: [UInt8] = []
        for place in 0..<edge.pieceCount {
            let piece = pieces[Int(edge.firstPiece + place)]
            let atStart = isFirst && result.isEmpty
            switch piece.kind {
            case .text: result += text(piece.text)
            case .clientID:
                guard names.mayStandForClientID(atStart: atStart) else { return nil }
                result += names.clientID.utf8
            case .username:
                guard let username = names.username, names.mayStandForUsername(atStart: atStart) else {
                    return nil
                }
                result += username.utf8
            }
        }
        return result
    }

    /// Whether `level` is what the pieces of `edge` come to for a client with `names`.
    func template(
        _ edge: TemplateEdge,
        matches level: UnsafeRawBufferPointer,
        isFirst: Bool,
        _ names: ClientNames
    ) -> Bool {
        var place = 0
        let first = Int(edge.firstPiece)
        for index in first..<first + Int(edge.pieceCount) {
            let piece = pieces[index]
            let matched: Int?
            switch piece.kind {
            case .text:
                let offset = Int(piece.text.offset)
                matched = bytes.withUnsafeBytes {
                    Self.length(of: $0[offset..<offset + Int(piece.text.count)], in: level, at: place)
                }
            case .clientID:
                guard names.mayStandForClientID(atStart: isFirst && place == 0) else { return false }
                matched = Self.length(of: names.clientID.utf8, in: level, at: place)
            case .username:
                guard let username = names.username,
                    names.mayStandForUsername(atStart: isFirst && place == 0)
                else { return false }
                matched = Self.length(of: username.utf8, in: level, at: place)
            }
            guard let matched else { return false }
            place += matched
        }
        return place == level.count
    }

    /// The length of `text` when `level` has it at `place`.
    private static func length(
        of text: some Sequence<UInt8>,
        in level: UnsafeRawBufferPointer,
        at place: Int
    ) -> Int? {
        var index = place
        for byte in text {
            guard index < level.count, level[index] == byte else { return nil }
            index += 1
        }
        return index - place
    }
}
